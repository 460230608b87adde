import { SequenceImportEnvelope } from '../../schemas/index.ts'
import { LstmError } from '../errors.ts'
import { type ParameterSet, placedLayers } from '../parameters/parameter-set.ts'
import { readStateHead, STATE_HEAD_BYTES, writeStateHead } from '../protocols/v2/state-head.ts'
import { bodyCheck } from '../schema-check.ts'
import { tensorBytes, tensorOf } from './state-tensor.ts'
import type { LiveSequence, Reached } from './table.ts'

type Set = Pick<ParameterSet, 'layers' | 'version'>

const check = bodyCheck(SequenceImportEnvelope)

/** What a sequence is besides its state. */
export function describeSequence({ type, id, m, state, lastUse, idleMsLeft }: LiveSequence) {
  const { steps, version } = readStateHead(state)
  return {
    id,
    type,
    set_version: version,
    m,
    steps,
    last_use: new Date(lastUse).toISOString(),
    idle_ms_left: Math.round(idleMsLeft)
  }
}

/**
 * A sequence with its state, as JSON.
 * @param set the one that is under the model's name now
 * @throws LSTM_ERR_SEQUENCE_SET_REPLACED, LSTM_ERR_NON_FINITE
 */
export function exportState(sequence: LiveSequence, set: Set, nested: boolean) {
  const { model, m, state } = sequence
  const { version } = readStateHead(state)
  if (version !== set.version) throw new LstmError('LSTM_ERR_SEQUENCE_SET_REPLACED', [model, version, set.version])
  let at = STATE_HEAD_BYTES
  const take = (name: string, n: number) => {
    const bytes = state.subarray(at, at + Float32Array.BYTES_PER_ELEMENT * m * n)
    at += bytes.length
    return tensorOf(bytes, [m, n], nested, name)
  }
  const states = placedLayers(set).map(({ index, direction, layer }) => {
    const place = `layers.${index}.${direction}`
    return { layer: index, direction, a: take(`${place}.a`, layer.n_h), c: take(`${place}.c`, layer.n_a) }
  })
  return { model, ...describeSequence(sequence), states }
}

/**
 * A state that was exported, for a set.
 * @param anyVersion it may have been reached with another version
 * @throws LSTM_ERR_INVALID_BODY, LSTM_ERR_SEQUENCE_SET_REPLACED, LSTM_ERR_REVERSE_SEQUENCE, LSTM_ERR_SHAPE_MISMATCH,
 * LSTM_ERR_BAD_TENSOR, LSTM_ERR_BAD_BASE64, LSTM_ERR_NON_FINITE
 */
export function importState(document: unknown, model: string, set: Set, anyVersion: boolean): Reached {
  const { set_version, m, steps, states } = check(document)
  if (set_version !== set.version && !anyVersion) {
    throw LstmError.at('/set_version', 'LSTM_ERR_SEQUENCE_SET_REPLACED', [model, set_version, set.version])
  }
  const placed = placedLayers(set)
  const reverse = placed.find(({ direction }) => direction === 'reverse')
  if (reverse !== undefined) throw new LstmError('LSTM_ERR_REVERSE_SEQUENCE', [model, reverse.index])
  if (states.length !== placed.length) {
    const message = `has ${states.length} elements; expected ${placed.length}, one for each layer of the set`
    throw new LstmError('LSTM_ERR_INVALID_BODY', [`/states ${message}`], [{ path: '/states', message }])
  }
  const pieces = placed.flatMap(({ index, direction, layer }, i) => {
    const path = `/states/${i}`
    const each = states[i]
    if (each.layer !== index || each.direction !== direction) {
      const message = `is of layer ${each.layer} ${each.direction}; expected layer ${index} ${direction}`
      throw new LstmError('LSTM_ERR_INVALID_BODY', [`${path} ${message}`], [{ path, message }])
    }
    return [
      tensorBytes(each.a, `${path}/a`, '(m, n_h)', [m, layer.n_h]),
      tensorBytes(each.c, `${path}/c`, '(m, n_a)', [m, layer.n_a])
    ]
  })
  const head = new Uint8Array(STATE_HEAD_BYTES)
  writeStateHead({ steps, version: set.version }, head)
  return { m, state: Buffer.concat([head, ...pieces]) }
}
