import { modelOptions } from '../../../schemas/index.ts'
import type { Static } from '../../../schemas/typebox.ts'
import type { Model } from '../../lstm/model.ts'
import { compileCheck, summary } from '../../schema-check.ts'
import { refusal } from './imported.ts'

/**
 * What a model has besides arrays: activations, clip, input_forget, the head's activation. It is the JSON form of a
 * model without its arrays, and goes along where a format of arrays alone could not say it: as `lstm_serve` in the
 * metadata of a safetensors file, as the entry `lstm_serve.json` of an npz.
 */
export type ModelOptions = Static<typeof modelOptions>
export type DirectionOptions = NonNullable<ModelOptions['layers'][number]['forward']>

const check = compileCheck(modelOptions)

/** @throws LSTM_ERR_INVALID_PARAMETER_SET for text that is not such a document */
export function parseOptions(text: string, where: string): ModelOptions {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw refusal(`${where} is not JSON: ${(error as Error).message.slice(0, 200)}`)
  }
  const checked = check(value)
  if ('value' in checked) return checked.value
  throw refusal(`${where}: ${summary('the document', checked.issues)}`)
}

/** A model of arrays alone with its options. */
export function withOptions(model: Model, { layers }: ModelOptions): Model {
  return {
    ...model,
    layers: model.layers.map(({ forward, reverse }, k) => ({
      ...(forward === undefined ? {} : { forward: { ...forward, ...layers[k]?.forward } }),
      ...(reverse === undefined ? {} : { reverse: { ...reverse, ...layers[k]?.reverse } })
    }))
  }
}
