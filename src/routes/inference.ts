import type { FastifyPluginAsync } from 'fastify'
import { Type } from '../../schemas/typebox.ts'
import type { Config } from '../config.ts'
import { phasesOf } from '../metrics/phases.ts'
import { bodyOf, takeRawBodies } from '../plugins/raw-body.ts'
import { deadlineOf } from './deadline.ts'
import { computedHeaders, jsonResponse, problemResponses } from './declarations.ts'
import { serverTiming } from './server-timing.ts'

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
    app.post(`/${kind}`, { ...shared, schema: { tags: ['inference'], ...operation } }, async (request, reply) => {
      const begun = performance.now()
      const deadline = deadlineOf(request.headers, config)
      let whenClosed = () => {}
      reply.raw.once('close', () => whenClosed())
      const { bytes, timing, free } = await app.pool.infer(kind, bodyOf(request), {
        ...(deadline === undefined ? {} : { timeoutMs: Math.max(1, Math.round(deadline - reply.elapsedTime)) }),
        onStart: (stop) => {
          whenClosed = stop
        }
      })
      whenClosed = free // the socket reads the bytes until then
      if (reply.raw.closed) free()
      reply.header('lstm-kernel', app.pool.kernel)
      const phases = phasesOf(timing, performance.now() - begun)
      request.phases = phases
      request.phasesEnd = Date.now()
      reply.header('server-timing', serverTiming(phases))
      // bytes over shared memory are an object like any other to Fastify
      reply.serializer((payload: Buffer) => payload as unknown as string)
      return reply.type('application/json').send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
    })
  }
}

function jsonBody(schema: string): object {
  return { content: { 'application/json': { schema: Type.Ref(schema) } } }
}
