import type { Layout } from '../../codec/layout.ts'
import type { Job, RowSource } from '../../engine/job.ts'
import { LstmError } from '../../errors.ts'
import type { PackedLayer } from '../../kernels/kernel.ts'
import { type ParameterSet, placedLayers } from '../../parameters/parameter-set.ts'
import { inputStates } from '../forward/tensors.ts'
import type { InferCall, ReceivedCall } from './call.ts'
import type { InferRequest } from './envelope.ts'
import { badInput, located } from './fault.ts'
import type { Inputs } from './inputs.ts'
import { readStateHead, STATE_HEAD_BYTES, writeStateHead } from './state-head.ts'

/** The states of a sequence between its requests, as state-head.ts describes them. */

const HEAD = STATE_HEAD_BYTES / Float32Array.BYTES_PER_ELEMENT

/** Where a job begins, for each layer; undefined begins at zeros. */
interface FirstStates {
  readonly hiddenStates: readonly RowSource[] | undefined
  readonly cellStates: readonly RowSource[] | undefined
}

const ZEROS: FirstStates = { hiddenStates: undefined, cellStates: undefined }

/** Words that the states of m columns have, with what stands before them. */
export function stateValues(set: Pick<ParameterSet, 'layers'>, m: number): number {
  return placedLayers(set).reduce((sum, { layer }) => sum + m * (layer.n_h + layer.n_a), HEAD)
}

/**
 * Holds a request of a sequence against what its sequence needs.
 * @throws LSTM_ERR_SEQUENCE_UNSEEN when its sequence should have been found before and was not,
 * LSTM_ERR_REVERSE_SEQUENCE, LSTM_ERR_SEQUENCE_SET_REPLACED, LSTM_ERR_SEQUENCE_COLUMNS
 */
export function checkSequence(
  { model, sequence }: InferCall,
  { parameters: { sequence_id = 0 } = {} }: InferRequest,
  set: ParameterSet,
  m: number
): void {
  if (sequence === undefined) {
    // computed from zeros it would be a wrong answer that nobody sees
    const none = sequence_id === 0 || sequence_id === ''
    if (!none) throw new LstmError('LSTM_ERR_SEQUENCE_UNSEEN', [JSON.stringify(sequence_id)])
    return
  }
  forbidReverse(model, set)
  const { from } = sequence
  if (from === undefined) return
  checkVersion(model, from.version, set)
  if (from.m !== m) throw LstmError.at('/inputs', 'LSTM_ERR_SEQUENCE_COLUMNS', [from.m, m])
}

/** @throws LSTM_ERR_REVERSE_SEQUENCE */
export function forbidReverse(model: string, set: ParameterSet): void {
  const reverse = placedLayers(set).find(({ direction }) => direction === 'reverse')
  if (reverse !== undefined) throw new LstmError('LSTM_ERR_REVERSE_SEQUENCE', [model, reverse.index])
}

/** @throws LSTM_ERR_SEQUENCE_SET_REPLACED */
export function checkVersion(model: string, version: string, set: ParameterSet): void {
  if (version !== set.version) throw new LstmError('LSTM_ERR_SEQUENCE_SET_REPLACED', [model, version, set.version])
}

/** The states that a sequence has reached, of each layer. */
export function continuedStates(states: Float32Array, set: ParameterSet, m: number): FirstStates {
  if (states.length !== stateValues(set, m)) throw new Error('the states of a sequence are not those of its set')
  let at = HEAD
  const take = (n: number): RowSource => {
    const data = states.subarray(at, at + m * n)
    at += m * n
    return { data, strides: { T_x: 0, m: n, n: 1 } }
  }
  const both = placedLayers(set).map(({ layer }) => ({ a: take(layer.n_h), c: take(layer.n_a) }))
  return { hiddenStates: both.map(({ a }) => a), cellStates: both.map(({ c }) => c) }
}

/** The states before the first step, of each layer. */
export function firstStates(
  { call, states }: ReceivedCall,
  { a0, c0 }: Inputs,
  layout: Layout,
  set: ParameterSet,
  m: number
): FirstStates {
  if (call.sequence === undefined && a0 === undefined && c0 === undefined) return ZEROS
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

/** Where a job begins, as `continuedStates` reads it. */
export function packStates({ hiddenStates, cellStates }: FirstStates, set: ParameterSet, m: number): Float32Array {
  const packed = new Float32Array(stateValues(set, m))
  writeStateHead({ steps: 0, version: set.version }, new Uint8Array(packed.buffer))
  let at = HEAD
  const put = (source: RowSource | undefined, n: number): void => {
    for (let j = 0; j < m; j++) {
      for (let i = 0; i < n; i++, at++) {
        if (source !== undefined) packed[at] = source.data[j * source.strides.m + i * source.strides.n]
      }
    }
  }
  for (const [place, { layer }] of placedLayers(set).entries()) {
    put(hiddenStates?.[place], layer.n_h)
    put(cellStates?.[place], layer.n_a)
  }
  return packed
}

/** Steps that a sequence has made; 0 when it begins. To be asked before anything is waited for. */
export function stepsDone({ states: { buffer, byteOffset, byteLength } }: ReceivedCall): number {
  return byteLength === 0 ? 0 : readStateHead(new Uint8Array(buffer, byteOffset, byteLength)).steps
}

/**
 * The states after the last real step of each column, as `continuedStates` reads them.
 * @param done steps before those of the job
 */
export function writeStates(job: Job, done: number, target: Uint8Array): void {
  writeStateHead({ steps: done + job.T_x, version: job.set.version }, target)
  let at = STATE_HEAD_BYTES
  for (const place of job.whole.passes.keys()) {
    for (const state of ['a', 'c'] as const) {
      const { buffer, byteOffset, byteLength } = job.lastSteps([job.states(place, state)])
      target.set(new Uint8Array(buffer, byteOffset, byteLength), at)
      at += byteLength
    }
  }
}
