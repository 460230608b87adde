import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../../config.ts'
import { bodyLength } from '../../engine/body.ts'
import type { Answer } from '../../engine/messages.ts'
import { LstmError } from '../../errors.ts'
import { bodyOf } from '../../plugins/raw-body.ts'
import { type InferCall, writeCall } from '../../protocols/v2/call.ts'
import { readStateHead } from '../../protocols/v2/state-head.ts'
import { Arrivals } from '../../sequences/arrivals.ts'
import type { AskedSequence } from '../../sequences/asked-sequence.ts'
import type { Reached } from '../../sequences/table.ts'
import type { WhenGone } from '../../sequences/turns.ts'
import { deadlineOf } from '../deadline.ts'
import { runInference } from '../run-inference.ts'

type Run = (call: InferCall, request: FastifyRequest, reply: FastifyReply) => Promise<Answer>

/**
 * Runs calls of infer: one of a sequence when those that came before it have been answered, from the state that they
 * have left; others at once.
 */
export function sequencedInference(app: FastifyInstance, config: Config): Run {
  const arrivals = new Arrivals()

  const plain: Run = (call, request, reply) =>
    runInference('infer', [writeCall(call), ...bodyOf(request)], request, reply, config)

  const ofSequence = async (
    asked: AskedSequence,
    call: InferCall,
    request: FastifyRequest,
    reply: FastifyReply,
    begun: number
  ): Promise<Answer> => {
    const { model } = call
    if (app.store.get(model) === undefined) throw new LstmError('LSTM_ERR_UNKNOWN_MODEL', [model, undefined, undefined])
    const body = bodyOf(request)
    const { type, id, timeoutMs } = asked
    const compute = async (from: Reached | undefined): Promise<Answer & Reached> => {
      if (reply.raw.destroyed) throw new LstmError('LSTM_ERR_CLIENT_GONE', [])
      const sequence = from === undefined ? {} : { from: { version: readStateHead(from.state).version, m: from.m } }
      const piece = writeCall({ ...call, sequence }, from?.state)
      const answer = await runInference('infer', [piece, ...body], request, reply, config, begun)
      return { ...answer, state: answer.bytes.subarray(answer.bytes.length - answer.stateBytes) }
    }
    const whenGone = whileWaiting(request, reply, config, bodyLength(body), timeoutMs)
    return app.sequences.step({ model, type, id }, asked, compute, whenGone)
  }

  return (call, request, reply) => {
    const begun = performance.now()
    // a length of 0: there is no JSON
    const asked = call.jsonBytes === 0 ? undefined : arrivals.look(bodyOf(request), call.jsonBytes)
    if (asked === undefined) return plain(call, request, reply)
    if (!(asked instanceof Promise)) return ofSequence(asked, call, request, reply, begun)
    return asked.then((found) =>
      found === undefined ? plain(call, request, reply) : ofSequence(found, call, request, reply, begun)
    )
  }
}

/** A timer counts no more milliseconds. */
const MOST_MS = 2 ** 31 - 1

/**
 * A request that waits is one under way, until its client goes away or its deadline has passed.
 * @param timeoutMs of its own parameters
 */
function whileWaiting(
  request: FastifyRequest,
  reply: FastifyReply,
  config: Config,
  bytes: number,
  timeoutMs = Number.POSITIVE_INFINITY
): WhenGone {
  return (gone) => {
    const { admission } = request.server.pool
    admission.begin(bytes)
    const left = () => gone(new LstmError('LSTM_ERR_CLIENT_GONE', []))
    reply.raw.once('close', left)
    const deadline = Math.min(deadlineOf(request.headers, config) ?? Number.POSITIVE_INFINITY, timeoutMs)
    const timer =
      deadline === Number.POSITIVE_INFINITY
        ? undefined
        : setTimeout(
            () => gone(new LstmError('LSTM_ERR_DEADLINE', [deadline])),
            Math.min(Math.ceil(deadline - reply.elapsedTime), MOST_MS)
          )
    return () => {
      admission.end(bytes)
      reply.raw.removeListener('close', left)
      clearTimeout(timer)
    }
  }
}
