import type { Job } from '../../engine/job.ts'
import type { Computed } from '../../engine/messages.ts'
import { DEFAULT_PRIORITY } from '../../engine/part.ts'
import type { ParameterSet } from '../../parameters/parameter-set.ts'
import type { WorkerContext } from '../context.ts'
import { checkLengths } from '../forward/lengths.ts'
import { inputSequence } from '../forward/tensors.ts'
import { withJob } from '../forward/with-job.ts'
import { type ReceivedCall, readCall } from './call.ts'
import { type Envelope, type InferRequest, readEnvelope } from './envelope.ts'
import { located } from './fault.ts'
import { type Inputs, readInputs } from './inputs.ts'
import { type AnsweredRequest, type KnownRequest, KnownRequests } from './known-requests.ts'
import { withModel } from './model.ts'
import { outputTensor } from './outputs.ts'
import { rawEnvelope } from './raw.ts'
import { type RequestText, requestText, saysAll } from './request-text.ts'
import { answerText, type Response, responseHead, writeResponse } from './response.ts'
import { checkSequence, firstStates, stateValues, stepsDone, writeStates } from './states.ts'
import { within } from './timeout.ts'
import { wantedOutputs } from './wanted.ts'

/**
 * POST /v2/models/{model}/infer: m columns over T_x steps, from zeros, from the states that the request brings, or from
 * those of its sequence.
 * @param bytes a call and the body behind it
 * @returns JSON, raw tensors and, for a request of a sequence, the states after its last step
 * @throws the errors of docs/errors.md with status 400 or 404
 */
export function infer(bytes: Uint8Array, context: WorkerContext): Promise<Computed> {
  const arrived = performance.now()
  const received = readCall(bytes)
  return withModel(received.call, context, (set) => compute(received, set, context, arrived))
}

async function compute(
  received: ReceivedCall,
  set: ParameterSet,
  context: WorkerContext,
  arrived: number
): Promise<Computed> {
  const { call } = received
  const { text, answered, envelope } = open(received, set, context)
  const { request } = envelope
  const inputs = readInputs(envelope)
  const { x, lengths } = inputs
  const known = answered?.known ?? understand(request, x, set)
  const { layout, m, T_x, strides, wanted, gates, predict } = known
  if (lengths !== undefined) located(lengths.path, () => checkLengths(lengths.value, m, T_x))
  checkSequence(call, request, set, m)
  const states = firstStates(received, inputs, layout, set, m)
  const done = stepsDone(received)

  const { timeout = 0, priority = 0 } = request.parameters ?? {}
  const description = { set, m, T_x, lengths: lengths?.value, gates, predict, priority: levelOf(priority) }
  const stateBytes = call.sequence === undefined ? 0 : Float32Array.BYTES_PER_ELEMENT * stateValues(set, m)
  const head = responseHead(call, set, answered === undefined ? request.id : (text?.id ?? request.id))
  const encode = (job: Job): Response => {
    const outputs = wanted.outputs.map((each) => ({
      wanted: each,
      tensor: outputTensor(job, each.name, wanted.ofSet, layout, context.kernel)
    }))
    const answer = answered?.answer ?? answerText(head, outputs)
    const response = writeResponse(head, outputs, stateBytes, answer)
    if (stateBytes > 0) writeStates(job, done, response.bytes.subarray(-stateBytes))
    if (answered === undefined && answer !== undefined && text !== undefined && saysAll(text, request)) {
      const { maxJsonDepth: maxDepth } = context.limits
      knownRequests.add(set, text.key, { model: call.model, maxDepth, known, answer })
    }
    return response
  }
  const { answer, executions, begun, computeMs, encodeMs } = await within(call.arrived, timeout, context, (limited) =>
    withJob(
      limited,
      description,
      { input: { data: x.value.data, strides }, hiddenStates: states.hiddenStates, cellStates: states.cellStates },
      encode
    )
  )
  const { bytes, jsonBytes, release } = answer
  return {
    bytes,
    jsonBytes,
    stateBytes,
    m,
    executions,
    timing: { decode: begun - arrived, compute: computeMs, encode: encodeMs },
    // states are kept beyond the answer
    release: stateBytes === 0 ? release : undefined
  }
}

/** One a thread. */
const knownRequests = new KnownRequests()

interface Opened {
  /** Undefined where it is not to be remembered. */
  readonly text: RequestText | undefined
  /** One with the same text. */
  readonly answered: AnsweredRequest | undefined
  readonly envelope: Envelope
}

/** The JSON of a request: what is known of it already, or otherwise read. */
function open({ call, body }: ReceivedCall, set: ParameterSet, { limits }: WorkerContext): Opened {
  const { jsonBytes, sequence, model } = call
  const { maxJsonDepth } = limits
  const looksUp = sequence === undefined && jsonBytes !== undefined && jsonBytes <= body.length
  const text = looksUp ? requestText(body.subarray(0, jsonBytes), body.length) : undefined
  const answered = text && knownRequests.find(set, text.key, model, maxJsonDepth)
  if (answered !== undefined)
    return { text, answered, envelope: { request: answered.known.request, tail: body.subarray(jsonBytes) } }
  const envelope = jsonBytes === 0 ? rawEnvelope(body, set) : readEnvelope(body, jsonBytes, maxJsonDepth)
  return { text, answered, envelope }
}

/** Holds a request that has been read against the set. */
function understand(request: InferRequest, x: Inputs['x'], set: ParameterSet): KnownRequest {
  const wanted = wantedOutputs(request, set)
  const { ofSet } = wanted
  const { layout = 'features_first' } = request.parameters ?? {}
  const { m, T_x, strides } = located(x.path, () => inputSequence(x.value, layout, set.n_x))
  const predict = ofSet.has('y') ? 'all' : ofSet.has('y_last') ? 'last' : 'none'
  return { request, layout, m, T_x, strides, wanted, gates: ofSet.gates(false), predict }
}

/** The protocol counts from 1, the highest, and 0 is the default; there are three levels, with the default in the middle. */
function levelOf(priority: number): number {
  return priority === 0 ? DEFAULT_PRIORITY : Math.min(priority, DEFAULT_PRIORITY + 1)
}
