import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'
import type { Body } from '../engine/body.ts'
import type { Answer, InferenceKind } from '../engine/messages.ts'
import type { RunOptions } from '../engine/pending.ts'
import { phasesOf } from '../metrics/phases.ts'
import { giveBackBody } from '../plugins/raw-body.ts'
import type { InferCall } from '../protocols/v2/call.ts'
import { deadlineOf } from './deadline.ts'
import { serverTiming } from './server-timing.ts'

/**
 * Runs an inference for a request, within its deadline and for as long as its client is there, and says in the answer's
 * head what computed it and where the time went. The bytes can be read until the response closes.
 * @throws what `Pool.infer` throws
 */
export function runInference(
  kind: InferenceKind,
  body: Body,
  request: FastifyRequest,
  reply: FastifyReply,
  config: Config,
  call?: InferCall
): Promise<Answer> {
  const { pool } = request.server
  return runTimed((options) => pool.infer(kind, body, options, call), request, reply, config)
}

/**
 * The same for an inference that something else than the pool runs.
 * @param begun `performance.now()` when the body was there
 * @throws what `run` throws
 */
export async function runTimed(
  run: (options: RunOptions) => Promise<Answer>,
  request: FastifyRequest,
  reply: FastifyReply,
  config: Config,
  begun = performance.now()
): Promise<Answer> {
  const deadline = deadlineOf(request.headers, config)
  let whenClosed = () => {}
  reply.raw.once('close', () => whenClosed())
  const answer = await run({
    timeoutMs: deadline === undefined ? undefined : Math.max(1, Math.round(deadline - reply.elapsedTime)),
    onStart: (stop) => {
      whenClosed = stop
    }
  })
  giveBackBody(request)
  whenClosed = answer.free // the socket reads the bytes until then
  if (reply.raw.closed) answer.free()
  reply.header('lstm-kernel', request.server.pool.kernel)
  const phases = phasesOf(answer.timing, performance.now() - begun)
  request.phases = phases
  request.phasesEnd = Date.now()
  reply.header('server-timing', serverTiming(phases))
  return answer
}

/**
 * Answers a request with what an inference gives, or with its error. A handler that gives Fastify a promise costs it
 * some more turns of the queue of microtasks.
 * @param onError called before an error of the inference is sent
 */
export function answerWith(
  reply: FastifyReply,
  run: () => Promise<Answer>,
  send: (answer: Answer) => void,
  onError: () => void = () => {}
): void {
  const fail = (error: unknown): void => {
    onError()
    reply.send(error)
  }
  let running: Promise<Answer>
  try {
    running = run()
  } catch (error) {
    fail(error)
    return
  }
  running.then((answer) => {
    try {
      send(answer)
    } catch (error) {
      reply.send(error)
    }
  }, fail)
}

/** Sends the bytes of an answer as they are. */
export function sendBytes(reply: FastifyReply, bytes: Uint8Array): void {
  // bytes over shared memory are an object like any other to Fastify
  reply.serializer((payload: Buffer) => payload as unknown as string)
  reply.send(Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
}
