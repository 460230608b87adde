import fastifyPlugin from 'fastify-plugin'

/** How often connections that have become idle are closed while the server closes. */
const SWEEP_MS = 50

/**
 * Lets a closing server end with its last answer. A connection that is kept alive would otherwise stay until its
 * time-out: answers still to come say that it closes, and one whose answer was already on its way is closed when idle.
 */
export const drain = fastifyPlugin(
  async (app) => {
    let closing = false
    let sweep: NodeJS.Timeout | undefined
    app.addHook('preClose', async () => {
      closing = true
      sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS)
    })
    app.addHook('onSend', async (_request, reply) => {
      if (closing) reply.header('connection', 'close')
    })
    app.addHook('onClose', async () => clearInterval(sweep))
  },
  { name: 'drain' }
)
