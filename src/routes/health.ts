import type { FastifyPluginAsync } from 'fastify'
import type { Liveness, Readiness } from '../../schemas/index.ts'
import { Type } from '../../schemas/typebox.ts'
import { version } from '../version.ts'
import { jsonResponse } from './declarations.ts'

/** Is the process alive, and does it take requests. */
export const healthRoutes: FastifyPluginAsync = async (app) => {
  app.get(
    '/health/live',
    {
      schema: {
        operationId: 'live',
        summary: 'Is the process alive',
        tags: ['health'],
        response: { 200: jsonResponse('It is.', Type.Ref('Liveness#')) }
      }
    },
    async (): Promise<Liveness> => ({ live: true })
  )

  app.get(
    '/health/ready',
    {
      schema: {
        operationId: 'ready',
        summary: 'Does the service take requests',
        tags: ['health'],
        response: {
          200: jsonResponse('It does.', Type.Ref('Readiness#')),
          503: jsonResponse('It does not: no worker is there.', Type.Ref('Readiness#'))
        }
      }
    },
    async (_request, reply): Promise<Readiness> => {
      const { workers, sharedKernel } = app.pool
      reply.code(workers > 0 ? 200 : 503)
      return {
        ready: workers > 0,
        version,
        kernel: sharedKernel.name,
        kernel_variant: sharedKernel.variant,
        workers,
        parameter_sets: app.store.size
      }
    }
  )
}
