import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from '../../../schemas/typebox.ts'
import type { InferCall } from '../../protocols/v2/call.ts'

/** What the routes that compute with a model share: their paths, heads and bodies. */

export const JSON_LENGTH = 'inference-header-content-length'

const model = Type.String({ description: 'Name of a parameter set.' })
const version = Type.String({
  description: 'Its version, as its metadata says it; any other is not found.'
})
const ModelPath = Type.Object({ model })
const VersionPath = Type.Object({ model, version })

export const InferHeaders = Type.Object({
  [JSON_LENGTH]: Type.Optional(
    Type.String({
      pattern: '^[0-9]{1,15}$',
      description:
        'Bytes of the JSON at the beginning of the body, behind which the tensors follow. Left out: all of the body is JSON. 0: the body is x alone, (n_x, 1, T_x) of FP32.'
    })
  )
})

/** Each route is there with and without a version in its path. */
export const modelPaths = [
  { base: '/v2/models/:model', suffix: '', of: '', params: ModelPath },
  { base: '/v2/models/:model/versions/:version', suffix: 'Version', of: ' of one version', params: VersionPath }
] as const

export const binaryContent = { schema: { type: 'string', format: 'binary' } }

export const inferBodies = {
  content: { 'application/json': { schema: Type.Ref('InferRequest#') }, 'application/octet-stream': binaryContent }
}

/** What stands in the path and the head of a request. */
export function callOf(request: FastifyRequest, reply: FastifyReply): InferCall {
  const { model, version } = request.params as Static<typeof ModelPath> & Partial<Static<typeof VersionPath>>
  const jsonBytes = request.headers[JSON_LENGTH] as string | undefined
  return {
    model,
    version,
    jsonBytes: jsonBytes === undefined ? undefined : Number(jsonBytes),
    arrived: Date.now() - reply.elapsedTime,
    sequence: undefined
  }
}
