import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from '../../../schemas/typebox.ts'
import type { Config } from '../../config.ts'
import type { Answer } from '../../engine/messages.ts'
import { askedEncoding, encoded } from '../../plugins/content-encoding.ts'
import { computedHeaders } from '../declarations.ts'
import { sendBytes } from '../run-inference.ts'
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
    app.post(`${base}/infer`, declared, async (request, reply) => {
      const call = callOf(request, reply)
      const answer = await counted(call.model, request, reply, () => run(call, request, reply))
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
