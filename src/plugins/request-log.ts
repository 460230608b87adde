import fastifyPlugin from 'fastify-plugin'

/** One log line for each request, when it has been answered; its id also goes out with the answer. */
export const requestLog = fastifyPlugin(
  async (app) => {
    app.addHook('onRequest', (request, reply, done) => {
      reply.header('x-request-id', request.id)
      done()
    })
    app.addHook('onResponse', (request, reply, done) => {
      const { method, url, trace, client, errorCode } = request
      request.log.info(
        {
          method,
          url,
          route: request.routeOptions.url,
          status: reply.statusCode,
          ms: Math.round(reply.elapsedTime * 1000) / 1000,
          ...(errorCode === undefined ? {} : { code: errorCode }),
          ...(client === undefined ? {} : { client: client.id }),
          ...(trace === undefined ? {} : { trace_id: trace.traceId })
        },
        'answered'
      )
      done()
    })
  },
  { name: 'request-log' }
)

/** What no other thread has; behind it the requests are counted, which costs a fraction of a random id for each. */
const threadId = crypto.randomUUID().slice(0, 24)
let count = 0

/** A client's own id where it is short and plain, a new one otherwise. */
export function requestId(header: string | string[] | undefined): string {
  if (typeof header === 'string' && /^[\w.:-]{1,128}$/.test(header)) return header
  return threadId + (++count).toString(16).padStart(12, '0')
}
