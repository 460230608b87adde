import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'
import { modelPaths } from './call.ts'

/** Which model a request is about: what its path says, percent-decoded. */
export interface ModelReference {
  readonly model: string
  /** Left out: the version that is there. */
  readonly version?: string
}

interface ModelOperation extends RouteShorthandOptions {
  readonly schema: { readonly operationId: string; readonly summary: string } & Record<string, unknown>
}

/**
 * A route of a model in both forms that the protocol has for it: /v2/models/{model}… and
 * /v2/models/{model}/versions/{version}…, the operation of which is called …Version.
 * @param tail what stands behind the model, such as /infer; may be empty
 */
export function modelRoute(
  app: FastifyInstance,
  method: 'GET' | 'POST',
  tail: string,
  { schema, ...options }: ModelOperation,
  handler: (reference: ModelReference, request: FastifyRequest, reply: FastifyReply) => unknown
): void {
  for (const { base, suffix, of, params } of modelPaths) {
    app.route({
      ...options,
      method,
      url: `${base}${tail}`,
      schema: {
        tags: ['v2'],
        ...schema,
        operationId: `${schema.operationId}${suffix}`,
        summary: `${schema.summary}${of}`,
        params
      },
      handler: async (request, reply) => handler(request.params as ModelReference, request, reply)
    })
  }
}
