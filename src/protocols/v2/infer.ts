import type { Job } from '../../engine/job.ts'
import type { Computed } from '../../engine/messages.ts'
import { DEFAULT_PRIORITY } from '../../engine/part.ts'
import type { ParameterSet } from '../../parameters/parameter-set.ts'
import type { WorkerContext } from '../context.ts'
import { checkLengths } from '../forward/lengths.ts'
import { inputSequence } from '../forward/tensors.ts'
import { withJob } from '../forward/with-job.ts'
import { AnswerForm } from './answer-form.ts'
import { type ReceivedCall, readCall } from './call.ts'
import { type InferRequest, readEnvelope } from './envelope.ts'
import { located } from './fault.ts'
import { type Inputs, rawInputs, readInputs, readRawInputs } from './inputs.ts'
import { type AnsweredRequest, type KnownRequest, KnownRequests } from './known-requests.ts'
import { holdModel } from './model.ts'
import { outputTensor } from './outputs.ts'
import { rawEnvelope } from './raw.ts'
import { type RequestText, requestText, saysAll } from './request-text.ts'
import { type Response, responseHead, writeResponse } from './response.ts'
import { checkSequence, firstStates, stateValues, stepsDone, writeStates } from './states.ts'
import { within } from './timeout.ts'
import { wantedOutputs } from './wanted.ts'

/**
 * POST /v2/models/{model}/infer: m columns over T_x steps, from zeros, from the states that the request brings, or from
 * those of its sequence. It has read the bytes before it first waits for anything.
 * @param bytes a call and the body behind it
 * @returns JSON, raw tensors and, for a request of a sequence, the states after its last step
 * @throws the errors of docs/errors.md with status 400 or 404
 */
export function infer(bytes: Uint8Array, context: WorkerContext): Promise<Computed> {
  const arrived = performance.now()
  return compute(readCall(bytes), context, arrived)
}

/** The same for a call that was made on this thread. */
export function inferCall(received: ReceivedCall, context: WorkerContext): Promise<Computed> {
  return compute(received, context, performance.now())
}

async function compute(received: ReceivedCall, context: WorkerContext, arrived: number): Promise<Computed> {
  const { call } = received
  const held = holdModel(call, context)
  try {
    const { set } = held
    const { text, answered, request, inputs } = open(received, set, context)
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
    const encode = (job: Job): Response => {
      const outputs = wanted.outputs.map((each) => ({
        wanted: each,
        tensor: outputTensor(job, each.name, wanted.ofSet, layout, context.kernel)
      }))
      if (answered !== undefined) return answered.answer.write(text!.id ?? request.id, outputs, context.kernel)
      const head = responseHead(call, set, request.id)
      const response = writeResponse(head, outputs, stateBytes)
      if (stateBytes > 0) writeStates(job, done, response.bytes.subarray(-stateBytes))
      const answer = text !== undefined && saysAll(text, request) ? AnswerForm.of(head, outputs) : undefined
      if (answer !== undefined) {
        const { maxJsonDepth: maxDepth } = context.limits
        knownRequests.add(set, text!.key, { model: call.model, maxDepth, known, inputs: rawInputs(request), answer })
      }
      return response
    }
    const rows = {
      input: { data: x.value.data, strides },
      hiddenStates: states.hiddenStates,
      cellStates: states.cellStates
    }
    const { answer, executions, begun, computeMs, encodeMs } = await within(call.arrived, timeout, context, (limited) =>
      withJob(limited, description, rows, encode)
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
  } finally {
    held.letGo()
  }
}

/** One a thread. */
const knownRequests = new KnownRequests()

interface Opened {
  /** Undefined where it is not to be remembered. */
  readonly text: RequestText | undefined
  /** One with the same text. */
  readonly answered: AnsweredRequest | undefined
  readonly request: InferRequest
  readonly inputs: Inputs
}

/** A request: what is known of it already, or otherwise read. */
function open({ call, body }: ReceivedCall, set: ParameterSet, { limits, kernel }: WorkerContext): Opened {
  const { jsonBytes, sequence, model } = call
  const { maxJsonDepth } = limits
  const looksUp = sequence === undefined && jsonBytes !== undefined && jsonBytes <= body.length
  const text = looksUp ? requestText(body, jsonBytes) : undefined
  const answered = text && knownRequests.find(set, text.key, model, maxJsonDepth)
  // tensors of another length are a fault, which is found below
  if (answered !== undefined && jsonBytes! + answered.inputs.bytes === body.length) {
    const inputs = readRawInputs(answered.inputs, body.subarray(jsonBytes), kernel)
    return { text, answered, request: answered.known.request, inputs }
  }
  const envelope = jsonBytes === 0 ? rawEnvelope(body, set) : readEnvelope(body, jsonBytes, maxJsonDepth)
  return { text, answered: undefined, request: envelope.request, inputs: readInputs(envelope, kernel) }
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
