import type { FastifyPluginAsync } from 'fastify'
import type { ServerLive, ServerMetadata, ServerReady } from '../../../schemas/index.ts'
import { Type } from '../../../schemas/typebox.ts'
import { version } from '../../version.ts'
import { jsonResponse } from '../declarations.ts'

/** Extensions of the protocol that work here; clients go by this list. */
const extensions = [
  'binary_tensor_data',
  'model_configuration',
  'model_repository',
  'parameters',
  'schedule_policy',
  'sequence',
  'sequence(string_id)',
  'statistics'
]

/** What the server is, and whether it is alive and ready; open to probes, as /health is. */
export const serverRoutes: FastifyPluginAsync = async (app) => {
  app.get(
    '/v2',
    {
      schema: {
        operationId: 'v2Metadata',
        summary: 'Name, version and extensions of the server',
        tags: ['v2'],
        response: { 200: jsonResponse('What it is.', Type.Ref('ServerMetadata#')) }
      }
    },
    async (): Promise<ServerMetadata> => ({ name: 'lstm-serve', version, extensions })
  )

  app.get(
    '/v2/health/live',
    {
      schema: {
        operationId: 'v2Live',
        summary: 'Is the process alive',
        tags: ['v2'],
        response: { 200: jsonResponse('It is.', Type.Ref('ServerLive#')) }
      }
    },
    async (): Promise<ServerLive> => ({ live: true })
  )

  app.get(
    '/v2/health/ready',
    {
      schema: {
        operationId: 'v2Ready',
        summary: 'Does the server take requests',
        tags: ['v2'],
        response: {
          200: jsonResponse('It does.', Type.Ref('ServerReady#')),
          503: jsonResponse('It does not: no worker is there, or it is about to end.', Type.Ref('ServerReady#'))
        }
      }
    },
    async (_request, reply): Promise<ServerReady> => {
      const ready = app.pool.workers > 0 && !app.drain.begun
      reply.code(ready ? 200 : 503)
      return { ready }
    }
  )
}
