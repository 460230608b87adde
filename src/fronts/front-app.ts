import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { Config } from '../config.ts'
import type { Pool } from '../engine/pool.ts'
import { buildHttpApp, type HttpAppOptions } from '../http-app.ts'
import { admission } from '../plugins/admission.ts'
import { inferenceRoutes } from '../routes/inference.ts'
import { v2InferenceRoutes } from '../routes/v2/routes.ts'
import type { SequenceRunner } from '../sequences/inferences.ts'
import type { FrontPool } from './front-pool.ts'
import type { InferenceReports } from './inference-reports.ts'

/** What a front has of its own, in place of what the main thread's app has under these names. */
export interface FrontParts {
  readonly pool: FrontPool
  readonly sequenceInferences: SequenceRunner
  readonly modelStatistics: InferenceReports
}

/** The app of a front: the routes of hot-routes.ts, declared and answered as in the main thread, over a pool of its own. */
export async function buildFrontApp(
  config: Config,
  parts: FrontParts,
  options: Required<HttpAppOptions>
): Promise<FastifyInstance> {
  const app = await buildHttpApp(config, options)
  const engine = fastifyPlugin(
    async (app) => {
      // these routes and plugins use no more of a pool and of statistics than a front has
      app.decorate('pool', parts.pool as unknown as Pool)
      app.decorate('sequenceInferences', parts.sequenceInferences)
      app.decorate('modelStatistics', parts.modelStatistics as unknown as FastifyInstance['modelStatistics'])
    },
    { name: 'engine' }
  )
  await app.register(engine)
  await app.register(admission)
  await app.register(inferenceRoutes, config)
  await app.register(v2InferenceRoutes, config)
  await app.ready()
  return app
}
