import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from '../../../schemas/typebox.ts'
import type { Config } from '../../config.ts'
import type { Answer } from '../../engine/messages.ts'
import { askedEncoding, encoded } from '../../plugins/content-encoding.ts'
import { bodyOf } from '../../plugins/raw-body.ts'
import { type InferCall, writeCall } from '../../protocols/v2/call.ts'
import { computedHeaders } from '../declarations.ts'
import { runInference, sendBytes } from '../run-inference.ts'
import { inferenceErrors } from './declarations.ts'

const JSON_LENGTH = 'inference-header-content-length'

const model = Type.String({ description: 'Name of a parameter set.' })
const version = Type.String({
  description: 'Its version, as the metadata or the native routes say it; any other is not found.'
})
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
        description:
          'The outputs asked for: as JSON or, where some are wanted so, as JSON with raw bytes behind it. Compressed where Accept-Encoding names gzip or deflate and nothing else.',
        headers: answerHeaders,
        content: { 'application/json': { schema: Type.Ref('InferResponse#') }, 'application/octet-stream': binary }
      },
      ...inferenceErrors(400, 404, 413, 415, 500, 503, 504)
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
      const answer = await counted(path.model, request, reply, () =>
        runInference('infer', [writeCall(call), ...bodyOf(request)], request, reply, config)
      )
      return sendAnswer(request, reply, answer)
    })
  }
}

/** Runs an inference and counts it among those of its model. */
async function counted(
  model: string,
  request: FastifyRequest,
  reply: FastifyReply,
  run: () => Promise<Answer>
): Promise<Answer> {
  const { modelStatistics } = request.server
  try {
    const answer = await run()
    modelStatistics.answered(model, answer, request.phases!)
    return answer
  } catch (error) {
    modelStatistics.failed(model, reply.elapsedTime)
    throw error
  }
}

/** JSON and tensors of an answer, without the states that may follow, compressed where the client asks for it. */
async function sendAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  { bytes, jsonBytes, stateBytes }: Answer
): Promise<FastifyReply> {
  const shown = bytes.subarray(0, bytes.length - stateBytes)
  const binary = jsonBytes < shown.length
  if (binary) reply.header(JSON_LENGTH, jsonBytes)
  reply.type(binary ? 'application/octet-stream' : 'application/json')
  const encoding = askedEncoding(request)
  if (encoding === undefined) return sendBytes(reply, shown)
  reply.header('content-encoding', encoding)
  return sendBytes(reply, await encoded(shown, encoding))
}
