import type { Job } from '../../engine/job.ts'
import type { Computed } from '../../engine/messages.ts'
import { DEFAULT_PRIORITY } from '../../engine/part.ts'
import type { ParameterSet } from '../../parameters/parameter-set.ts'
import type { WorkerContext } from '../context.ts'
import { checkLengths } from '../forward/lengths.ts'
import { inputSequence } from '../forward/tensors.ts'
import { withJob } from '../forward/with-job.ts'
import { type ReceivedCall, readCall } from './call.ts'
import { readEnvelope } from './envelope.ts'
import { located } from './fault.ts'
import { readInputs } from './inputs.ts'
import { withModel } from './model.ts'
import { outputTensor } from './outputs.ts'
import { rawEnvelope } from './raw.ts'
import { type Response, writeResponse } from './response.ts'
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
  const { call, body } = received
  const envelope =
    call.jsonBytes === 0 ? rawEnvelope(body, set) : readEnvelope(body, call.jsonBytes, context.limits.maxJsonDepth)
  const { request } = envelope
  const inputs = readInputs(envelope)
  const { x, lengths } = inputs
  const { id } = request
  const wanted = wantedOutputs(request, set)
  const { layout = 'features_first', timeout = 0, priority = 0 } = request.parameters ?? {}
  const { m, T_x, ...input } = located(x.path, () => inputSequence(x.value, layout, set.n_x))
  if (lengths !== undefined) located(lengths.path, () => checkLengths(lengths.value, m, T_x))
  checkSequence(call, request, set, m)
  const states = firstStates(received, inputs, layout, set, m)
  const done = stepsDone(received)

  const { ofSet } = wanted
  const predict = ofSet.has('y') ? 'all' : ofSet.has('y_last') ? 'last' : 'none'
  const description = {
    set,
    m,
    T_x,
    lengths: lengths?.value,
    gates: ofSet.gates(false),
    predict,
    priority: levelOf(priority)
  } as const
  const stateBytes = call.sequence === undefined ? 0 : Float32Array.BYTES_PER_ELEMENT * stateValues(set, m)
  const head = { model_name: call.model, model_version: set.version, ...(id !== undefined && { id }) }
  const encode = (job: Job): Response => {
    const outputs = wanted.outputs.map((each) => ({
      wanted: each,
      tensor: outputTensor(job, each.name, ofSet, layout, context.kernel)
    }))
    const response = writeResponse(head, outputs, stateBytes)
    if (stateBytes > 0) writeStates(job, done, response.bytes.subarray(-stateBytes))
    return response
  }
  const { answer, executions, begun, computeMs, encodeMs } = await within(call.arrived, timeout, context, (limited) =>
    withJob(limited, description, { input, ...states }, encode)
  )
  return {
    ...answer,
    stateBytes,
    m,
    executions,
    timing: { decode: begun - arrived, compute: computeMs, encode: encodeMs }
  }
}

/** The protocol counts from 1, the highest, and 0 is the default; there are three levels, with the default in the middle. */
function levelOf(priority: number): number {
  return priority === 0 ? DEFAULT_PRIORITY : Math.min(priority, DEFAULT_PRIORITY + 1)
}
