import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { Config } from '../config.ts'
import type { Pool } from '../engine/pool.ts'
import { buildHttpApp, type HttpAppOptions } from '../http-app.ts'
import { admission } from '../plugins/admission.ts'
import { inferenceRoutes } from '../routes/inference.ts'
import type { FrontPool } from './front-pool.ts'

/** The app of a front: the routes of hot-routes.ts, declared and answered as in the main thread, over a pool of its own. */
export async function buildFrontApp(
  config: Config,
  pool: FrontPool,
  options: Required<HttpAppOptions>
): Promise<FastifyInstance> {
  const app = await buildHttpApp(config, options)
  const engine = fastifyPlugin(
    async (app) => {
      // these routes and plugins use no more of a pool than a FrontPool has
      app.decorate('pool', pool as unknown as Pool)
    },
    { name: 'engine' }
  )
  await app.register(engine)
  await app.register(admission)
  await app.register(inferenceRoutes, config)
  await app.ready()
  return app
}
