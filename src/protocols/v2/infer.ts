import type { Layout } from '../../codec/layout.ts'
import type { Computed } from '../../engine/messages.ts'
import type { PackedLayer } from '../../kernels/kernel.ts'
import { type ParameterSet, placedLayers } from '../../parameters/parameter-set.ts'
import type { WorkerContext } from '../context.ts'
import { checkLengths } from '../forward/lengths.ts'
import { inputSequence, inputStates } from '../forward/tensors.ts'
import { withJob } from '../forward/with-job.ts'
import { type ReceivedCall, readCall } from './call.ts'
import { readEnvelope } from './envelope.ts'
import { badInput, located } from './fault.ts'
import { type Inputs, readInputs } from './inputs.ts'
import { withModel } from './model.ts'
import { outputTensor } from './outputs.ts'
import { rawEnvelope } from './raw.ts'
import { writeResponse } from './response.ts'
import { checkSequence, continuedStates, type FirstStates, stateValues, writeStates } from './states.ts'
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
  const { layout = 'features_first' } = request.parameters ?? {}
  const { m, T_x, ...input } = located(x.path, () => inputSequence(x.value, layout, set.n_x))
  if (lengths !== undefined) located(lengths.path, () => checkLengths(lengths.value, m, T_x))
  checkSequence(call, request, set, m)
  const states = firstStates(received, inputs, layout, set, m)

  const { ofSet } = wanted
  const predict = ofSet.has('y') ? 'all' : ofSet.has('y_last') ? 'last' : 'none'
  const description = { set, m, T_x, lengths: lengths?.value, gates: ofSet.gates(false), predict } as const
  const stateBytes = call.sequence === undefined ? 0 : Float32Array.BYTES_PER_ELEMENT * stateValues(set, m)
  const head = { model_name: call.model, model_version: set.version, ...(id !== undefined && { id }) }
  const { answer, begun, computeMs, encodeMs } = await withJob(context, description, { input, ...states }, (job) => {
    const outputs = wanted.outputs.map((each) => ({
      wanted: each,
      tensor: outputTensor(job, each.name, ofSet, layout, context.kernel)
    }))
    const response = writeResponse(head, outputs, stateBytes)
    if (stateBytes > 0) writeStates(job, response.bytes.subarray(-stateBytes))
    return response
  })
  return { ...answer, stateBytes, m, timing: { decode: begun - arrived, compute: computeMs, encode: encodeMs } }
}

/** The states before the first step, of each layer. */
function firstStates(
  { call, states }: ReceivedCall,
  { a0, c0 }: Inputs,
  layout: Layout,
  set: ParameterSet,
  m: number
): FirstStates {
  const placed = placedLayers(set)
  if (call.sequence?.from !== undefined) {
    const brought = a0 ?? c0
    if (brought !== undefined) {
      const name = brought === a0 ? 'a0' : 'c0'
      throw badInput(name, brought.path, 'the sequence is running and goes on from its own states; expected none here')
    }
    return continuedStates(states, set, m)
  }
  const read = (name: string, state: Inputs['a0'], width: (layer: PackedLayer) => number) =>
    state &&
    located(state.path, () =>
      inputStates(
        name,
        state.value,
        layout,
        placed.map(({ layer }) => width(layer)),
        m
      )
    )
  return {
    hiddenStates: read('a0', a0, ({ n_h }) => n_h),
    cellStates: read('c0', c0, ({ n_a }) => n_a)
  }
}
