import { inSequenceOrder } from '../../codec/layout.ts'
import { gather } from '../../codec/strided.ts'
import type { Computed } from '../../engine/messages.ts'
import { LstmError } from '../../errors.ts'
import type { ParameterSet } from '../../parameters/parameter-set.ts'
import type { WorkerContext } from '../context.ts'
import { inputSequence } from '../forward/tensors.ts'
import { type ReceivedCall, readCall } from './call.ts'
import { readEnvelope } from './envelope.ts'
import { badInput, located } from './fault.ts'
import { readInputs } from './inputs.ts'
import { withModel } from './model.ts'
import { firstStates, forbidReverse, packStates } from './states.ts'
import type { Stream } from './stream.ts'
import { type WantedOutput, wantedOutputs } from './wanted.ts'

const DEFAULT_STEPS = 64

/**
 * The first part of POST /v2/models/{model}/infer_stream: checks the request as a whole, and gives x back as the blocks
 * that will be computed one after the other, each as a request of a sequence.
 * @throws the errors of docs/errors.md with status 400 or 404
 */
export function openStream(bytes: Uint8Array, context: WorkerContext): Promise<Computed> {
  const arrived = performance.now()
  const received = readCall(bytes)
  return withModel(received.call, context, async (set) => {
    const opened = open(received, set, context)
    return { ...opened, timing: { decode: performance.now() - arrived, compute: 0, encode: 0 } }
  })
}

function open(received: ReceivedCall, set: ParameterSet, { limits, kernel }: WorkerContext): Omit<Computed, 'timing'> {
  const { call, body } = received
  const envelope = readEnvelope(body, call.jsonBytes, limits.maxJsonDepth)
  const { id, parameters = {} } = envelope.request
  const { layout = 'features_first', sequence_id = 0, stream_steps = DEFAULT_STEPS, timeout, priority } = parameters
  if (sequence_id !== 0 && sequence_id !== '') {
    const reason = 'a stream is a sequence of its own; sequence_id belongs to infer'
    throw LstmError.at('/parameters/sequence_id', 'LSTM_ERR_INVALID_REQUEST', [reason])
  }
  const inputs = readInputs(envelope, kernel)
  const { x, lengths } = inputs
  if (lengths !== undefined) {
    throw badInput('lengths', lengths.path, 'unexpected input; the columns of a stream are all of one length')
  }
  const { outputs } = wantedOutputs(envelope.request, set)
  const binary = outputs.findIndex((output) => output.binary)
  if (binary >= 0) {
    throw badInput(outputs[binary].name, `/outputs/${binary}`, 'events are text; expected no raw bytes in a stream')
  }
  const ofBlocks = outputs.filter(({ name }) => !name.endsWith('_last'))
  if (ofBlocks.length === 0) {
    throw badInput(outputs[0].name, '/outputs', 'belongs to the last event; expected an output of every step besides')
  }
  const { m, T_x } = located(x.path, () => inputSequence(x.value, layout, set.n_x))
  forbidReverse(call.model, set)
  const states = packStates(firstStates(received, inputs, layout, set, m), set, m)

  const steps = Math.min(stream_steps, T_x)
  const ofEnd = ['a_last', 'c_last'].map((name): WantedOutput => ({ name, datatype: 'FP32', binary: false }))
  const stream: Stream = {
    version: set.version,
    m,
    ...(id !== undefined && { id }),
    parameters: { layout, ...(timeout && { timeout }), ...(priority && { priority }) },
    shape: x.value.shape,
    timeAxis: inSequenceOrder(layout, { n: 'n', m: 'm', T_x: 'T_x' }).indexOf('T_x'),
    steps,
    outputs: ofBlocks.map(({ name, datatype }) => ({ name, parameters: { datatype } })),
    end: {
      ...(id !== undefined && { id }),
      layout,
      outputs: [...ofEnd, ...outputs.filter(({ name }) => name === 'y_last')]
    }
  }
  return { ...write(stream, x.value, states), m, executions: 0 }
}

/** The JSON of a stream, x block by block, and the states. */
function write(
  stream: Stream,
  { data, shape }: { data: Float32Array; shape: readonly number[] },
  states: Float32Array
): Pick<Computed, 'bytes' | 'jsonBytes' | 'stateBytes'> {
  const { steps, timeAxis } = stream
  const json = Buffer.from(JSON.stringify(stream))
  const jsonBytes = Math.ceil(json.length / 4) * 4
  const { byteLength: stateBytes } = states
  const bytes = new Uint8Array(jsonBytes + 4 * data.length + stateBytes)
  bytes.set(json)
  bytes.fill(0x20, json.length, jsonBytes)
  const x = new Float32Array(bytes.buffer, jsonBytes, data.length)
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, length) => product * length, 1))
  const T_x = shape[timeAxis]
  const stepValues = data.length / T_x
  for (let t = 0; t < T_x; t += steps) {
    const length = Math.min(steps, T_x - t)
    const block = { shape: shape.with(timeAxis, length), strides, data, offset: t * strides[timeAxis] }
    gather(block, x.subarray(t * stepValues, (t + length) * stepValues))
  }
  new Float32Array(bytes.buffer, jsonBytes + 4 * data.length, states.length).set(states)
  return { bytes, jsonBytes, stateBytes }
}
