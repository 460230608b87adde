import { Readable } from 'node:stream'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../../config.ts'
import type { Body } from '../../engine/body.ts'
import type { Answer, AnswerParts, InferenceKind } from '../../engine/messages.ts'
import { LstmError } from '../../errors.ts'
import { addPhases, phasesOf } from '../../metrics/phases.ts'
import { inferenceError } from '../../plugins/problems.ts'
import { bodyOf } from '../../plugins/raw-body.ts'
import { type InferCall, writeCall } from '../../protocols/v2/call.ts'
import { deadlineOf } from '../deadline.ts'
import { computedHeaders } from '../declarations.ts'
import { callOf, InferHeaders, inferBodies, modelPaths } from './call.ts'
import { inferenceErrors } from './declarations.ts'
import { StreamBlocks } from './stream-blocks.ts'

/**
 * POST /v2/models/{model}/infer_stream: the steps of a request block by block, each an event as soon as it is computed.
 * A block is computed when the socket has taken the one before, so that a slow reader holds nothing up but itself.
 */
export const streamRoutes: FastifyPluginAsync<Config> = async (app, config) => {
  const shared = {
    bodyLimit: config.maxBodyBytes,
    config: { bodyLimitSetting: 'LSTM_MAX_BODY_BYTES', scopes: ['infer'] as const, admitted: true }
  }
  const schema = {
    tags: ['v2'],
    description:
      'Server-sent events: for each `stream_steps` steps one whose data are an InferResponse, then one with a_last, c_last and, if asked for, y_last. What goes wrong behind the first event is an event named error, whose data are an InferenceError. Forward layers only, columns of one length.',
    headers: InferHeaders,
    body: inferBodies,
    response: {
      200: {
        description: 'The events.',
        headers: { 'lstm-kernel': computedHeaders['lstm-kernel'] },
        content: { 'text/event-stream': { schema: { type: 'string' } } }
      },
      ...inferenceErrors(400, 404, 413, 415, 500, 503, 504)
    }
  }
  for (const { base, suffix, of, params } of modelPaths) {
    const operationId = `v2InferStream${suffix}`
    const summary = `A sequence through a set${of}, as a stream of events`
    const declared = { ...shared, schema: { ...schema, operationId, summary, params } }
    app.post(`${base}/infer_stream`, declared, async (request, reply) => {
      const deadline = deadlineOf(request.headers, config)
      const call = callOf(request, reply)
      const events = counted(call.model, request, reply, eventsOf(call, request, reply, deadline))
      const first = await events.next() // what is wrong until here has a status of its own
      reply.header('lstm-kernel', app.pool.kernel)
      reply.header('cache-control', 'no-cache')
      reply.header('x-accel-buffering', 'no')
      reply.type('text/event-stream')
      const sent = whileTaken(reply, deadline, withFault(request, first.value as Buffer, events))
      // nothing is asked for that the socket has no room for
      return reply.send(Readable.from(sent, { objectMode: false, highWaterMark: 0 }))
    })
  }
}

type Run = (kind: InferenceKind, body: Body) => Promise<Answer>
type Events = AsyncGenerator<Buffer, Pick<AnswerParts, 'm' | 'executions'>>

/** Runs the inferences of one request, each within the deadline, for as long as its client is there. */
function runner(request: FastifyRequest, reply: FastifyReply, timeoutMs: number | undefined): Run {
  const { pool } = request.server
  let whenClosed = () => {}
  reply.raw.once('close', () => whenClosed())
  return async (kind, body) => {
    const begun = performance.now()
    const answer = await pool.infer(kind, body, {
      ...(timeoutMs !== undefined && { timeoutMs }),
      onStart: (stop) => {
        whenClosed = stop
      }
    })
    whenClosed = () => {}
    request.phases = addPhases(request.phases, phasesOf(answer.timing, performance.now() - begun))
    request.phasesEnd = Date.now()
    return answer
  }
}

/** What a stream holds counts among the bodies that have come and wait. */
function holdBytes({ server }: FastifyRequest, { raw }: FastifyReply, bytes: number): void {
  if (raw.closed) return
  const { admission } = server.pool
  admission.arrivingBytes += bytes
  raw.once('close', () => {
    admission.arrivingBytes -= bytes
  })
}

/** The events of a stream. @returns what its statistics count: columns, and the batches that a block stands for in the mean */
async function* eventsOf(
  call: InferCall,
  request: FastifyRequest,
  reply: FastifyReply,
  deadline: number | undefined
): Events {
  const run = runner(request, reply, deadline)
  const blocks = new StreamBlocks(call, await run('openStream', [writeCall(call), ...bodyOf(request)]))
  holdBytes(request, reply, blocks.bytes)
  let count = 0
  let columns = 0
  let allExecutions = 0
  for (let body = blocks.next(); body !== undefined; body = blocks.next()) {
    const { bytes, stateBytes, m, executions, free } = await run('infer', body)
    count++
    columns = m
    allExecutions += executions
    const end = bytes.length - stateBytes
    blocks.reached(bytes.subarray(end))
    const event = eventOf(bytes.subarray(0, end))
    free()
    yield event
  }
  const { bytes, free } = await run('endStream', blocks.end())
  const event = eventOf(bytes)
  free()
  yield event
  return { m: columns, executions: allExecutions / count }
}

/** A stream is one inference of its model; one whose client has left is none. */
async function* counted(
  model: string,
  request: FastifyRequest,
  reply: FastifyReply,
  events: Events
): AsyncGenerator<Buffer> {
  const { modelStatistics } = request.server
  try {
    modelStatistics.answered(model, yield* events, request.phases!)
  } catch (error) {
    modelStatistics.failed(model, reply.elapsedTime)
    throw error
  }
}

/** JSON as we write it has no line breaks. */
function eventOf(json: Uint8Array, name?: string): Buffer {
  const head = name === undefined ? 'data: ' : `event: ${name}\ndata: `
  return Buffer.concat([Buffer.from(head), json, Buffer.from('\n\n')])
}

/** The events, of which the first is there; a fault on the way is the last one. */
async function* withFault(
  request: FastifyRequest,
  first: Buffer,
  others: AsyncGenerator<Buffer>
): AsyncGenerator<Buffer> {
  yield first
  try {
    yield* others
  } catch (error) {
    const known = error instanceof LstmError ? error : new LstmError('LSTM_ERR_INTERNAL', [])
    if (known !== error) request.log.error({ err: error }, 'request failed')
    request.errorCode = known.code
    yield eventOf(Buffer.from(JSON.stringify(inferenceError(known, request.id))), 'error')
  }
}

/** A client that takes no event for as long as an answer may take is given up. */
async function* whileTaken(
  { raw }: FastifyReply,
  mostMs: number | undefined,
  events: AsyncGenerator<Buffer>
): AsyncGenerator<Buffer> {
  let timer: NodeJS.Timeout | undefined
  try {
    for await (const event of events) {
      if (mostMs !== undefined) timer = setTimeout(() => raw.destroy(), mostMs)
      yield event
      clearTimeout(timer)
    }
  } finally {
    clearTimeout(timer)
  }
}
