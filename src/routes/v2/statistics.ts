import type { FastifyPluginAsync } from 'fastify'
import type { ModelStatisticsList } from '../../../schemas/index.ts'
import { Type } from '../../../schemas/typebox.ts'
import type { StoredSet } from '../../parameters/store.ts'
import { statisticsEntry } from '../../protocols/v2/statistics.ts'
import { jsonResponse } from '../declarations.ts'
import { inferenceErrors } from './declarations.ts'
import { findModel, readers } from './find-model.ts'
import { modelRoute } from './model-route.ts'

/** What has been asked of the models. */
export const statisticsRoutes: FastifyPluginAsync = async (app) => {
  const response = jsonResponse('Counts and times.', Type.Ref('ModelStatisticsList#'))
  const entry = (stored: StoredSet) => statisticsEntry(stored.name, stored.set.version, app.modelStatistics.of(stored))

  app.get(
    '/v2/models/stats',
    {
      config: { scopes: readers },
      schema: {
        operationId: 'v2Statistics',
        summary: 'Statistics of all models',
        tags: ['v2'],
        response: { 200: response, ...inferenceErrors(500) }
      }
    },
    async (): Promise<ModelStatisticsList> => {
      await app.fronts.reported()
      return { model_stats: app.store.list().map(entry) }
    }
  )

  modelRoute(
    app,
    'GET',
    '/stats',
    {
      config: { scopes: readers },
      schema: {
        operationId: 'v2ModelStatistics',
        summary: 'Statistics of a model',
        response: { 200: response, ...inferenceErrors(400, 404, 500) }
      }
    },
    async (reference): Promise<ModelStatisticsList> => {
      await app.fronts.reported()
      return { model_stats: [entry(findModel(app, reference))] }
    }
  )
}
