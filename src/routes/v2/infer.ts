import type { FastifyPluginAsync } from 'fastify'
import { type Static, Type } from '../../../schemas/typebox.ts'
import type { Config } from '../../config.ts'
import { bodyOf } from '../../plugins/raw-body.ts'
import { type InferCall, writeCall } from '../../protocols/v2/call.ts'
import { computedHeaders } from '../declarations.ts'
import { runInference, sendBytes } from '../run-inference.ts'
import { inferenceErrors } from './declarations.ts'

const JSON_LENGTH = 'inference-header-content-length'

const model = Type.String({ description: 'Name of a parameter set.' })
const version = Type.String({ description: 'Its version; any other is not found.' })
const ModelPath = Type.Object({ model })
const VersionPath = Type.Object({ model, version })

const InferHeaders = Type.Object({
  [JSON_LENGTH]: Type.Optional(
    Type.String({
      pattern: '^[0-9]{1,15}$',
      description:
        'Bytes of the JSON at the beginning of the body, behind which the tensors follow. Left out: all of the body is JSON. 0: the body is x alone, (n_x, 1, T_x) of FP32.'
    })
  )
})

const answerHeaders = {
  ...computedHeaders,
  'Inference-Header-Content-Length': {
    type: 'integer',
    description: 'Bytes of the JSON at the beginning of the answer; only where outputs follow it.'
  }
}

/** POST /v2/models/{model}/infer: a call of a set, as the clients of the Open Inference Protocol make it. */
export const inferRoutes: FastifyPluginAsync<Config> = async (app, config) => {
  const shared = {
    bodyLimit: config.maxBodyBytes,
    config: { bodyLimitSetting: 'LSTM_MAX_BODY_BYTES', scopes: ['infer'] as const, admitted: true }
  }
  const binary = { schema: { type: 'string', format: 'binary' } }
  const schema = {
    tags: ['v2'],
    headers: InferHeaders,
    body: {
      content: { 'application/json': { schema: Type.Ref('InferRequest#') }, 'application/octet-stream': binary }
    },
    response: {
      200: {
        description: 'The outputs asked for: as JSON or, where some are wanted so, as JSON with raw bytes behind it.',
        headers: answerHeaders,
        content: { 'application/json': { schema: Type.Ref('InferResponse#') }, 'application/octet-stream': binary }
      },
      ...inferenceErrors(400, 404, 413, 500, 503, 504)
    }
  }

  for (const { url, operationId, params } of [
    { url: '/v2/models/:model/infer', operationId: 'v2Infer', params: ModelPath },
    { url: '/v2/models/:model/versions/:version/infer', operationId: 'v2InferVersion', params: VersionPath }
  ]) {
    const summary = `Sequences through a set${params === VersionPath ? ' of one version' : ''}, by the Open Inference Protocol`
    app.post(url, { ...shared, schema: { ...schema, operationId, summary, params } }, async (request, reply) => {
      const path = request.params as Static<typeof ModelPath> & Partial<Static<typeof VersionPath>>
      const jsonBytes = request.headers[JSON_LENGTH] as string | undefined
      const call: InferCall = {
        ...path,
        ...(jsonBytes !== undefined && { jsonBytes: Number(jsonBytes) }),
        arrived: Date.now() - reply.elapsedTime
      }
      const answer = await runInference('infer', [writeCall(call), ...bodyOf(request)], request, reply, config)
      const { bytes, stateBytes } = answer
      const length = bytes.length - stateBytes
      if (answer.jsonBytes < length) reply.header(JSON_LENGTH, answer.jsonBytes)
      reply.type(answer.jsonBytes < length ? 'application/octet-stream' : 'application/json')
      return sendBytes(reply, bytes.subarray(0, length))
    })
  }
}
