import { LstmError } from '../errors.ts'
import { forEachParameter, type ParameterName, parameterDimensions, parameterNames } from '../lstm/dimensions.ts'
import type { Model } from '../lstm/model.ts'
import type { NamedArray } from './files/array.ts'

/** The ten arrays of the notation: one forward layer with a softmax head. */
export type ParameterArrays = Readonly<Record<ParameterName, NamedArray>>

/**
 * Takes the ten arrays of the notation out of whatever a document or file held.
 * A bias may also be of shape (n,): it is read as (n, 1).
 * @throws LSTM_ERR_INVALID_PARAMETER_SET for a missing or an extra array
 */
export function selectArrays(arrays: ReadonlyMap<string, NamedArray>): ParameterArrays {
  const missing = parameterNames.filter((name) => !arrays.has(name))
  const extra = [...arrays.keys()].filter((name) => !(parameterNames as readonly string[]).includes(name))
  if (missing.length > 0 || extra.length > 0) {
    const reasons = [
      missing.length > 0 ? `missing: ${missing.join(', ')}` : '',
      extra.length > 0 ? `not known: ${extra.slice(0, 10).join(', ')}` : ''
    ].filter((reason) => reason !== '')
    throw new LstmError('LSTM_ERR_INVALID_PARAMETER_SET', [
      `a parameter set has the arrays ${parameterNames.join(', ')}; ${reasons.join('; ')}`
    ])
  }
  return forEachParameter((name) => {
    const array = arrays.get(name)!
    return name.startsWith('b') && array.shape.length === 1 ? { ...array, shape: [array.shape[0], 1] } : array
  })
}

/**
 * The model that ten arrays are.
 * @param prefix in front of each array's name in messages, such as "parameters."
 * @throws LSTM_ERR_SHAPE_MISMATCH, LSTM_ERR_EMPTY_AXIS, LSTM_ERR_INVALID_PARAMETER_SET when they disagree
 */
export function modelOfArrays(arrays: ParameterArrays, prefix = ''): Model {
  const { n_x, n_a, n_y } = parameterDimensions(
    forEachParameter((name) => arrays[name].shape),
    prefix
  )
  const { Wy, by, ...rest } = forEachParameter((name) => arrays[name].data)
  return {
    layers: [{ forward: { n_x, n_a, n_h: n_a, ...rest } }],
    head: { n_y, Wy, by, activation: 'softmax' }
  }
}
