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

/** A client's own id where it is short and plain, a new one otherwise. */
export function requestId(header: string | string[] | undefined): string {
  return typeof header === 'string' && /^[\w.:-]{1,128}$/.test(header) ? header : crypto.randomUUID()
}
