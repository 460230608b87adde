import type { FileArrays } from '../files/array.ts'
import { type ImportedModel, type ImportSettings, listed, refusal } from './imported.ts'
import { hasNotationNames, importNotation } from './notation.ts'
import type { ModelOptions } from './options.ts'
import { hasPytorchNames, importStateDict } from './state-dict.ts'

/**
 * A model from arrays that have names: those of the notation, or PyTorch's.
 * @throws LSTM_ERR_INVALID_PARAMETER_SET, LSTM_ERR_SHAPE_MISMATCH, LSTM_ERR_EMPTY_AXIS
 */
export function importNamed(arrays: FileArrays, settings: ImportSettings, options?: ModelOptions): ImportedModel {
  const pytorch = hasPytorchNames(arrays)
  const notation = hasNotationNames(arrays)
  if (pytorch && notation) {
    throw refusal(`the arrays have names of the notation and of PyTorch: ${listed([...arrays.keys()])}`)
  }
  return pytorch ? importStateDict(arrays, settings, options) : importNotation(arrays, settings, options)
}
