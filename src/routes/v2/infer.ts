import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from '../../../schemas/typebox.ts'
import type { Config } from '../../config.ts'
import type { Answer } from '../../engine/messages.ts'
import { askedEncoding, encoded } from '../../plugins/content-encoding.ts'
import { computedHeaders } from '../declarations.ts'
import { answerWith, sendBytes } from '../run-inference.ts'
import { binaryContent, callOf, InferHeaders, inferBodies, JSON_LENGTH, modelPaths } from './call.ts'
import { inferenceErrors } from './declarations.ts'
import { sequencedInference } from './sequenced-inference.ts'

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
  const schema = {
    tags: ['v2'],
    headers: InferHeaders,
    body: inferBodies,
    response: {
      200: {
        description:
          'The outputs asked for: as JSON or, where some are wanted so, as JSON with raw bytes behind it. Compressed where Accept-Encoding names gzip or deflate and nothing else.',
        headers: answerHeaders,
        content: {
          'application/json': { schema: Type.Ref('InferResponse#') },
          'application/octet-stream': binaryContent
        }
      },
      ...inferenceErrors(400, 404, 413, 415, 500, 503, 504)
    }
  }

  const run = sequencedInference(app, config)
  for (const { base, suffix, of, params } of modelPaths) {
    const operationId = `v2Infer${suffix}`
    const summary = `Sequences through a set${of}, by the Open Inference Protocol`
    const declared = { ...shared, schema: { ...schema, operationId, summary, params } }
    app.post(`${base}/infer`, declared, (request, reply) => {
      const call = callOf(request, reply)
      const { modelStatistics } = request.server
      answerWith(
        reply,
        () => run(call, request, reply),
        (answer) => {
          modelStatistics.answered(call.model, answer, request.phases!)
          sendAnswer(request, reply, answer)
        },
        () => modelStatistics.failed(call.model, reply.elapsedTime)
      )
    })
  }
}

/** JSON and tensors of an answer, without the states that may follow, compressed where the client asks for it. */
function sendAnswer(request: FastifyRequest, reply: FastifyReply, { bytes, jsonBytes, stateBytes }: Answer): void {
  const shown = stateBytes === 0 ? bytes : bytes.subarray(0, bytes.length - stateBytes)
  const binary = jsonBytes < shown.length
  if (binary) reply.header(JSON_LENGTH, jsonBytes)
  reply.type(binary ? 'application/octet-stream' : 'application/json')
  const encoding = askedEncoding(request)
  if (encoding === undefined) {
    sendBytes(reply, shown)
    return
  }
  reply.header('content-encoding', encoding)
  encoded(shown, encoding).then(
    (small) => sendBytes(reply, small),
    (error) => reply.send(error)
  )
}
