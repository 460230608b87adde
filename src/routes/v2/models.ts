import type { FastifyPluginAsync } from 'fastify'
import type { ModelConfig, ModelMetadata, ModelNames, ModelReadiness } from '../../../schemas/index.ts'
import { Type } from '../../../schemas/typebox.ts'
import { modelConfig, modelMetadata } from '../../protocols/v2/model-metadata.ts'
import { jsonResponse } from '../declarations.ts'
import { inferenceErrors } from './declarations.ts'
import { findModel, readers } from './find-model.ts'
import { modelRoute } from './model-route.ts'

/** What the models are: names, tensors, readiness, configuration. */
export const modelRoutes: FastifyPluginAsync = async (app) => {
  const config = { scopes: readers }

  app.get(
    '/v2/models',
    {
      config,
      schema: {
        operationId: 'v2Models',
        summary: 'Names of the models that are served',
        tags: ['v2'],
        response: { 200: jsonResponse('By name.', Type.Ref('ModelNames#')), ...inferenceErrors(500) }
      }
    },
    async (): Promise<ModelNames> => ({ models: app.store.list().map(({ name }) => name) })
  )

  modelRoute(
    app,
    'GET',
    '',
    {
      config,
      schema: {
        operationId: 'v2ModelMetadata',
        summary: 'Inputs and outputs of a model',
        response: {
          200: jsonResponse('Names, datatypes and shapes.', Type.Ref('ModelMetadata#')),
          ...inferenceErrors(400, 404, 500)
        }
      }
    },
    (reference): ModelMetadata => {
      const { name, set } = findModel(app, reference)
      return modelMetadata(name, set)
    }
  )

  modelRoute(
    app,
    'GET',
    '/ready',
    {
      config,
      schema: {
        operationId: 'v2ModelReady',
        summary: 'Can a model be used',
        response: {
          200: jsonResponse('It can.', Type.Ref('ModelReadiness#')),
          ...inferenceErrors(400, 404, 500),
          503: jsonResponse(
            'It cannot: no worker is there, or the server is about to end.',
            Type.Ref('ModelReadiness#')
          )
        }
      }
    },
    (reference, _request, reply): ModelReadiness => {
      const { name } = findModel(app, reference)
      const ready = app.pool.workers > 0 && !app.drain.begun
      reply.code(ready ? 200 : 503)
      return { name, ready }
    }
  )

  modelRoute(
    app,
    'GET',
    '/config',
    {
      config,
      schema: {
        operationId: 'v2ModelConfig',
        summary: "A model's configuration, in Triton's form",
        response: {
          200: jsonResponse('What load testers read.', Type.Ref('ModelConfig#')),
          ...inferenceErrors(400, 404, 500)
        }
      }
    },
    (reference): ModelConfig => {
      const { name, set, scheduling } = findModel(app, reference)
      return modelConfig(name, set, scheduling)
    }
  )
}
