import fastifyPlugin from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route has a body that goes to a worker. */
    readonly admitted?: boolean
  }
}

/** Refuses what would be too much before its body is read, where its head says how large that is. */
export const admission = fastifyPlugin(
  async (app) => {
    app.addHook('onRequest', (request, _reply, done) => {
      if (request.routeOptions.config?.admitted === true) {
        try {
          app.pool.admission.check(Number(request.headers['content-length'] ?? 0))
        } catch (error) {
          done(error as Error)
          return
        }
      }
      done()
    })
  },
  { name: 'admission', dependencies: ['engine'] }
)
