import type { FastifyInstance } from 'fastify'
import type { DestinationStream } from 'pino'
import type { Config } from './config.ts'
import { buildHttpApp } from './http-app.ts'
import { admission } from './plugins/admission.ts'
import { documentation } from './plugins/documentation.ts'
import { engine } from './plugins/engine.ts'
import { fronts } from './plugins/fronts.ts'
import { modelStatistics } from './plugins/model-statistics.ts'
import { sequences } from './plugins/sequences.ts'
import { requestExamples } from './routes/examples.ts'
import { healthRoutes } from './routes/health.ts'
import { inferenceRoutes } from './routes/inference.ts'
import { metricsRoutes } from './routes/metrics.ts'
import { parameterRoutes } from './routes/parameters.ts'
import { v2Routes } from './routes/v2/routes.ts'

/**
 * The whole service without a socket: production and tests build the same one.
 * @param log where the log goes, standard output if left out
 * @throws Error in words for a person when a file or folder that the settings name cannot be used
 */
export async function buildApp(config: Config, log?: DestinationStream): Promise<FastifyInstance> {
  const app = await buildHttpApp(config, { log })
  await app.register(documentation, { requestExamples, keys: config.apiKeysFile !== '' })
  await app.register(engine, config)
  await app.register(fronts, { config, log })
  await app.register(modelStatistics)
  await app.register(sequences, config)
  await app.register(admission)
  await app.register(healthRoutes)
  await app.register(metricsRoutes)
  await app.register(inferenceRoutes, config)
  await app.register(parameterRoutes, config)
  await app.register(v2Routes, config)
  return app
}
