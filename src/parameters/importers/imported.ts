import type { ImportSettings } from '../../../schemas/index.ts'
import { LstmError } from '../../errors.ts'
import type { HeadActivation, Model } from '../../lstm/model.ts'

/** What a user says of a file where the file does not. */
export type { ImportSettings }

export type FileFormat = 'json' | 'npz' | 'safetensors' | 'pytorch' | 'keras' | 'hdf5' | 'onnx'

/** A model and what was taken for it. */
export interface ImportedModel {
  readonly model: Model
  readonly source: ModelSource
}

/** What `inspect` says of a file besides the model itself. */
export interface ModelSource {
  /** How its weights are named and ordered: in the notation, as PyTorch's, Keras's or ONNX's. */
  readonly convention: 'notation' | 'pytorch' | 'keras' | 'onnx'
  /** What stands in front of the LSTM's names, or the names of its layers; empty where the file has only one. */
  readonly lstm: string
  /** The name of the head's layer; null without a head. */
  readonly head: string | null
  /** Its own program gives the last states alone, or the head's output on those: what `steps: "last"` gives here. */
  readonly lastOnly?: boolean
  /** What else the file holds and was not taken, by name; the first few. */
  readonly leftOut: readonly string[]
}

/** A list of names from a file for a message, which may neither be long nor hold anything but text. */
export function listed(names: readonly string[], most = 8): string {
  const shown = names.slice(0, most).map((name) => JSON.stringify(name.slice(0, 100)).slice(1, -1))
  return names.length > most ? `${shown.join(', ')} and ${names.length - most} more` : shown.join(', ')
}

/** The file can be read, but what it holds is not a model, or not one without doubt. */
export function refusal(reason: string): LstmError {
  return new LstmError('LSTM_ERR_INVALID_PARAMETER_SET', [reason])
}

/**
 * Which activation a head has.
 * @param said what the file says, undefined where it says nothing
 * @param initial what its own forward pass does where it says nothing
 * @throws LSTM_ERR_INVALID_PARAMETER_SET when the setting contradicts the file. `linear` is not contradicted: a softmax
 *   behind it may have been part of the loss
 */
export function headActivation(
  said: HeadActivation | undefined,
  initial: HeadActivation,
  { head_activation }: ImportSettings
): HeadActivation {
  if (head_activation === undefined) return said ?? initial
  if (said !== undefined && said !== 'linear' && said !== head_activation) {
    throw refusal(`the file says that its head is ${said}; head_activation=${head_activation} contradicts it`)
  }
  return head_activation
}

/** @throws LSTM_ERR_SHAPE_MISMATCH unless the array has exactly these lengths */
export function expectLengths(
  name: string,
  got: readonly number[],
  symbols: string,
  expected: readonly number[]
): void {
  if (got.length === expected.length && expected.every((length, axis) => got[axis] === length)) return
  throw new LstmError('LSTM_ERR_SHAPE_MISMATCH', [name.slice(0, 100), got.slice(0, 8), symbols, expected])
}

/**
 * The one of several that a setting names, or the only one.
 * @param names what may be chosen
 * @throws LSTM_ERR_INVALID_PARAMETER_SET naming those that there are
 */
export function chooseLstm(names: readonly string[], { prefix }: ImportSettings): string {
  if (prefix !== undefined) {
    const fits = names.find((name) => name === prefix) ?? names.find((name) => name === `${prefix}.`)
    if (fits !== undefined) return fits
    throw refusal(`no LSTM of this file is called ${JSON.stringify(prefix.slice(0, 100))}; there are ${listed(names)}`)
  }
  if (names.length > 1) {
    throw refusal(`several LSTMs in this file: ${listed(names)}; choose one with ?prefix=${listed([names[0]])}`)
  }
  return names[0]
}
