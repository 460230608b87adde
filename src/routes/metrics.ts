import type { FastifyPluginAsync } from 'fastify'
import { createRegistry } from '../metrics/registry.ts'
import { problemResponses } from './declarations.ts'

/** GET /metrics, for Prometheus. */
export const metricsRoutes: FastifyPluginAsync = async (app) => {
  const registry = createRegistry(app.fronts, app.pool, app.store, app.sequences)
  app.get(
    '/metrics',
    {
      config: { scopes: ['metrics', 'manage'] },
      schema: {
        operationId: 'metrics',
        summary: 'The metrics, for Prometheus',
        tags: ['health'],
        response: {
          200: {
            description: 'Text, as Prometheus reads it; docs/operations.md says what each metric is.',
            content: { 'text/plain': { schema: { type: 'string' } } }
          },
          ...problemResponses(500)
        }
      }
    },
    async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics())
  )
}
