import type { FastifyPluginAsync } from 'fastify'
import { Type } from '../../schemas/typebox.ts'
import type { Config } from '../config.ts'
import { bodyOf, takeRawBodies } from '../plugins/raw-body.ts'
import { computedHeaders, jsonResponse, problemResponses } from './declarations.ts'
import { answerWith, runInference, sendBytes } from './run-inference.ts'

const accepts = ['application/json']

/** POST /cell and POST /sequence: the body goes to a worker, the worker's bytes are the answer. */
export const inferenceRoutes: FastifyPluginAsync<Config> = async (app, config) => {
  takeRawBodies(app, accepts)
  const shared = {
    bodyLimit: config.maxBodyBytes,
    config: { accepts, bodyLimitSetting: 'LSTM_MAX_BODY_BYTES', scopes: ['infer'] as const, admitted: true }
  }
  const problems = problemResponses(400, 404, 413, 415, 500, 503, 504)

  for (const { kind, operation } of [
    {
      kind: 'cell',
      operation: {
        operationId: 'cell',
        summary: 'One step of an LSTM: a_next, c_next, yt_pred',
        description:
          'lstm_cell_forward(xt, a_prev, c_prev, parameters). Carry a_next and c_next into the next call as a_prev and c_prev, or use /sequence.',
        body: jsonBody('CellRequest#'),
        response: {
          200: jsonResponse('The next states and the prediction.', Type.Ref('CellResponse#'), computedHeaders),
          ...problems
        }
      }
    },
    {
      kind: 'sequence',
      operation: {
        operationId: 'sequence',
        summary: 'Whole sequences through an LSTM: a, y, c of every step',
        description: 'lstm_forward(x, a0, parameters): m columns over T_x steps, all in one call.',
        body: jsonBody('SequenceRequest#'),
        response: {
          200: jsonResponse('The outputs asked for.', Type.Ref('SequenceResponse#'), computedHeaders),
          ...problems
        }
      }
    }
  ] as const) {
    app.post(`/${kind}`, { ...shared, schema: { tags: ['inference'], ...operation } }, (request, reply) =>
      answerWith(
        reply,
        () => runInference(kind, bodyOf(request), request, reply, config),
        ({ bytes }) => sendBytes(reply.type('application/json'), bytes)
      )
    )
  }
}

function jsonBody(schema: string): object {
  return { content: { 'application/json': { schema: Type.Ref(schema) } } }
}
