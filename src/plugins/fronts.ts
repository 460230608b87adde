import fastifyPlugin from 'fastify-plugin'
import type { DestinationStream } from 'pino'
import type { Config } from '../config.ts'
import { Fronts } from '../fronts/fronts.ts'
import { httpThreadCount } from '../fronts/thread-count.ts'

declare module 'fastify' {
  interface FastifyInstance {
    readonly fronts: Fronts
  }
}

export interface FrontsOptions {
  readonly config: Config
  readonly log: DestinationStream | undefined
}

/** With LSTM_HTTP_THREADS, the threads that take requests beside this one, from `app.fronts.start()` on. */
export const fronts = fastifyPlugin(
  async (app, { config, log }: FrontsOptions) => {
    const { count, reason } = httpThreadCount(config)
    if (reason !== undefined && config.httpThreads > 1) {
      app.log.warn({ reason }, 'LSTM_HTTP_THREADS is more than one, but one thread takes requests')
    }
    const fronts = new Fronts(app, config, count - 1, (lines) => (log ?? process.stdout).write(lines))
    app.decorate('fronts', fronts)
    app.drain.onBegin(() => fronts.drain())
    app.addHook('preClose', async () => fronts.beginClose())
    app.addHook('onClose', () => fronts.close())
  },
  { name: 'fronts', dependencies: ['engine', 'drain'] }
)
