import fastifyPlugin from 'fastify-plugin'

/** One log line for each request, when it has been answered; its id also goes out with the answer. */
export const requestLog = fastifyPlugin(
  async (app) => {
    app.addHook('onRequest', async (request, reply) => {
      reply.header('x-request-id', request.id)
    })
    app.addHook('onResponse', async (request, reply) => {
      request.log.info(
        {
          method: request.method,
          url: request.url,
          status: reply.statusCode,
          ms: Math.round(reply.elapsedTime * 1000) / 1000
        },
        'answered'
      )
    })
  },
  { name: 'request-log' }
)

/** A client's own id where it is short and plain, a new one otherwise. */
export function requestId(header: string | string[] | undefined): string {
  return typeof header === 'string' && /^[\w.:-]{1,128}$/.test(header) ? header : crypto.randomUUID()
}
