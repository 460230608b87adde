import type { FastifyPluginAsync } from 'fastify'
import type { Config } from '../../config.ts'
import { takeAllBodies } from '../../plugins/raw-body.ts'
import { inferRoutes } from './infer.ts'
import { modelRoutes } from './models.ts'
import { repositoryRoutes } from './repository.ts'
import { sequenceRoutes } from './sequences.ts'
import { serverRoutes } from './server.ts'
import { statisticsRoutes } from './statistics.ts'
import { streamRoutes } from './stream.ts'

/** Inference alone: what threads beside the main one answer too. */
export const v2InferenceRoutes: FastifyPluginAsync<Config> = async (app, config) => {
  takeAllBodies(app)
  await app.register(inferRoutes, config)
}

/**
 * The Open Inference Protocol, version 2, under /v2. Its official clients send no Content-Type, or always the same one,
 * whatever the body is, so that the protocol's own header alone says how a body is to be read.
 */
export const v2Routes: FastifyPluginAsync<Config> = async (app, config) => {
  await app.register(serverRoutes)
  await app.register(v2InferenceRoutes, config)
  takeAllBodies(app)
  await app.register(streamRoutes, config)
  await app.register(sequenceRoutes)
  await app.register(statisticsRoutes)
  await app.register(modelRoutes)
  await app.register(repositoryRoutes, config)
}
