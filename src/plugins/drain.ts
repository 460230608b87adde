import fastifyPlugin from 'fastify-plugin'

/** How often connections that have become idle are closed while the server closes. */
const SWEEP_MS = 50

declare module 'fastify' {
  interface FastifyInstance {
    readonly drain: {
      /** Whether the service is about to end: it still answers and is ready no more. */
      readonly begun: boolean
      begin(): void
      /** Is called when it begins. */
      onBegin(call: () => void): void
    }
  }
}

/**
 * Lets a server end with its last answer. From the beginning of the end on, answers say that their connection closes,
 * so that clients go elsewhere without losing a request; while the server closes, connections whose answer was already
 * on its way are closed when they are idle.
 */
export const drain = fastifyPlugin(
  async (app) => {
    let begun = false
    const calls: (() => void)[] = []
    const begin = () => {
      if (begun) return
      begun = true
      for (const call of calls) call()
    }
    app.decorate('drain', {
      get begun() {
        return begun
      },
      begin,
      onBegin: (call: () => void) => void calls.push(call)
    })
    let sweep: NodeJS.Timeout | undefined
    app.addHook('preClose', async () => {
      begin()
      sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS)
    })
    app.addHook('onSend', (_request, reply, payload, done) => {
      if (begun) reply.header('connection', 'close')
      done(null, payload)
    })
    app.addHook('onClose', async () => clearInterval(sweep))
  },
  { name: 'drain' }
)
