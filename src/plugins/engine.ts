import fastifyPlugin from 'fastify-plugin'
import type { Config } from '../config.ts'
import { Pool } from '../engine/pool.ts'
import { ParameterStore } from '../parameters/store.ts'

declare module 'fastify' {
  interface FastifyInstance {
    readonly pool: Pool
    readonly store: ParameterStore
  }
}

/** The worker pool and the parameter sets; both end with the app, after the last request has been answered. */
export const engine = fastifyPlugin(
  async (app, config: Config) => {
    const pool = await Pool.start({
      kernel: config.kernel,
      workers: config.workers,
      maxPending: config.maxPending,
      limits: {
        maxJobValues: config.maxJobValues,
        maxJsonDepth: config.maxJsonDepth,
        maxInflatedBytes: config.maxParametersBytes
      },
      onFault: (reason, details) => app.log.error({ details }, reason)
    })
    app.decorate('pool', pool)
    app.decorate('store', new ParameterStore(pool))
    app.addHook('onClose', () => pool.close())
  },
  { name: 'engine' }
)
