import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'
import { Type } from '../../../schemas/typebox.ts'

/** Which model a request is about: what its path says, percent-decoded. */
export interface ModelReference {
  readonly model: string
  /** Left out: the version that is there. */
  readonly version?: string
}

interface ModelOperation extends RouteShorthandOptions {
  readonly schema: { readonly operationId: string; readonly summary: string } & Record<string, unknown>
}

const model = Type.String({ description: 'Name of the model, which is a parameter set.' })
const version = Type.String({ description: 'Version of the model.' })

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
  const forms = [
    { url: '/v2/models/:model', params: { model }, id: '', summary: '' },
    { url: '/v2/models/:model/versions/:version', params: { model, version }, id: 'Version', summary: ', by version' }
  ]
  for (const { url, params, id, summary } of forms) {
    app.route({
      ...options,
      method,
      url: `${url}${tail}`,
      schema: {
        tags: ['v2'],
        ...schema,
        operationId: `${schema.operationId}${id}`,
        summary: `${schema.summary}${summary}`,
        params: Type.Object(params)
      },
      handler: async (request, reply) => handler(request.params as ModelReference, request, reply)
    })
  }
}
