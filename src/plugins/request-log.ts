import fastifyPlugin from 'fastify-plugin'

interface Answered {
  reqId: string
  method: string
  url: string
  route: string | undefined
  status: number
  ms: number
  code?: string
  client?: string
  trace_id?: string
}

/** One log line for each request, when it has been answered; its id also goes out with the answer. */
export const requestLog = fastifyPlugin(
  async (app) => {
    app.addHook('onRequest', (request, reply, done) => {
      reply.header('x-request-id', request.id)
      done()
    })
    app.addHook('onResponse', (request, reply, done) => {
      const { id, method, url, routeOptions, trace, client, errorCode } = request
      const ms = Math.round(reply.elapsedTime * 1000) / 1000
      const line: Answered = { reqId: id, method, url, route: routeOptions.url, status: reply.statusCode, ms }
      if (errorCode !== undefined) line.code = errorCode
      if (client !== undefined) line.client = client.id
      if (trace !== undefined) line.trace_id = trace.traceId
      app.log.info(line, 'answered')
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
