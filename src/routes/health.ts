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
          503: jsonResponse('It does not: no worker is there, or it is about to end.', Type.Ref('Readiness#'))
        }
      }
    },
    async (_request, reply): Promise<Readiness> => {
      const { workers, sharedKernel } = app.pool
      const ready = workers > 0 && !app.drain.begun
      reply.code(ready ? 200 : 503)
      const { size, notLoaded } = app.store
      return {
        ready,
        version,
        kernel: sharedKernel.name,
        kernel_variant: sharedKernel.variant,
        workers,
        parameter_sets: size,
        ...(notLoaded.length > 0 ? { parameter_sets_not_loaded: notLoaded.length } : {})
      }
    }
  )
}
