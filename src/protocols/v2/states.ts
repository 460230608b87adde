import type { Job, RowSource } from '../../engine/job.ts'
import { LstmError } from '../../errors.ts'
import { type ParameterSet, placedLayers } from '../../parameters/parameter-set.ts'
import type { InferCall } from './call.ts'
import type { InferRequest } from './envelope.ts'

/** The states of a sequence between its requests: (m, n_h) of `a` and (m, n_a) of `c` for each layer in turn. */

/** Where a job begins, for each layer; undefined begins at zeros. */
export interface FirstStates {
  readonly hiddenStates: readonly RowSource[] | undefined
  readonly cellStates: readonly RowSource[] | undefined
}

/** Values that the states of m columns have. */
export function stateValues(set: ParameterSet, m: number): number {
  return placedLayers(set).reduce((sum, { layer }) => sum + m * (layer.n_h + layer.n_a), 0)
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
  const reverse = placedLayers(set).find(({ direction }) => direction === 'reverse')
  if (reverse !== undefined) throw new LstmError('LSTM_ERR_REVERSE_SEQUENCE', [model, reverse.index])
  const { from } = sequence
  if (from === undefined) return
  if (from.version !== set.version) {
    throw new LstmError('LSTM_ERR_SEQUENCE_SET_REPLACED', [model, from.version, set.version])
  }
  if (from.m !== m) throw LstmError.at('/inputs', 'LSTM_ERR_SEQUENCE_COLUMNS', [from.m, m])
}

/** The states that a sequence has reached, of each layer. */
export function continuedStates(states: Float32Array, set: ParameterSet, m: number): FirstStates {
  if (states.length !== stateValues(set, m)) throw new Error('the states of a sequence are not those of its set')
  let at = 0
  const take = (n: number): RowSource => {
    const data = states.subarray(at, at + m * n)
    at += m * n
    return { data, strides: { T_x: 0, m: n, n: 1 } }
  }
  const both = placedLayers(set).map(({ layer }) => ({ a: take(layer.n_h), c: take(layer.n_a) }))
  return { hiddenStates: both.map(({ a }) => a), cellStates: both.map(({ c }) => c) }
}

/** The states after the last real step of each column, as `continuedStates` reads them. */
export function writeStates(job: Job, target: Uint8Array): void {
  let at = 0
  for (const place of job.whole.passes.keys()) {
    for (const state of ['a', 'c'] as const) {
      const { buffer, byteOffset, byteLength } = job.lastSteps([job.states(place, state)])
      target.set(new Uint8Array(buffer, byteOffset, byteLength), at)
      at += byteLength
    }
  }
}
