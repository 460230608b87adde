import { directionArrays, modelDocument } from '../../../schemas/index.ts'
import { DecodedTensor } from '../../codec/json/decoded.ts'
import { readJson, type TensorPlan } from '../../codec/json/read.ts'
import { Tensor } from '../../codec/tensor.ts'
import { LstmError } from '../../errors.ts'
import { forEachParameter } from '../../lstm/dimensions.ts'
import { directionNames } from '../../lstm/model.ts'
import { bodyCheck } from '../../schema-check.ts'
import type { NamedArray } from '../files/array.ts'
import { directionOptions } from '../model-options.ts'
import type { DirectionOptions, ModelOptions } from './options.ts'

const activation: TensorPlan = { name: 'scalar', alpha: 'scalar', beta: 'scalar' }
const direction: TensorPlan = {
  ...Object.fromEntries(directionArrays.map((name) => [name, 'tensor' as const])),
  activations: { gate: activation, candidate: activation, output: activation },
  clip: 'scalar',
  input_forget: 'scalar'
}
const test: TensorPlan = { x: 'tensor', a: 'tensor', y: 'tensor' }
const plan: TensorPlan = {
  ...forEachParameter(() => 'tensor' as const),
  layers: [{ forward: direction, reverse: direction }],
  head: { Wy: 'tensor', by: 'tensor', activation: 'scalar' },
  test
}

const checkDocument = bodyCheck(modelDocument(DecodedTensor, DecodedTensor, DecodedTensor))

/**
 * Reads JSON: the ten arrays of one layer with a head, or a whole model with `layers`.
 * @returns the arrays under the names that they have in an npz too: `Wf`, or `layers.0.forward.Wf`
 * @throws what `readJson` throws, LSTM_ERR_BAD_TENSOR, LSTM_ERR_INVALID_BODY
 */
export function readJsonDocument(
  bytes: Uint8Array,
  maxDepth: number
): { arrays: Map<string, NamedArray>; options?: ModelOptions } {
  const document = readJson(bytes, plan, { maxDepth, closed: true }) as Record<string, unknown>
  if ('layers' in document) return flatten(document)
  const arrays = new Map<string, NamedArray>()
  for (const [name, value] of Object.entries(document)) {
    if (name === 'test') {
      addTensors(arrays, 'test.', value as Record<string, unknown>)
    } else {
      if (Object.hasOwn(plan, name) && !(value instanceof Tensor)) {
        throw LstmError.at(`/${name}`, 'LSTM_ERR_BAD_TENSOR', [
          name,
          'expected nested arrays of numbers, or {"shape", "data"} with base64'
        ])
      }
      // of a member that is not known, the name alone matters: it is what is refused
      arrays.set(name, value instanceof Tensor ? value : { shape: [0], data: new Float32Array(0) })
    }
  }
  return { arrays }
}

function flatten(document: unknown): { arrays: Map<string, NamedArray>; options: ModelOptions } {
  const { layers, head, test } = checkDocument(document)
  const arrays = new Map<string, NamedArray>()
  const options: ModelOptions = {
    layers: layers.map((layer, k) => {
      const options: { forward?: DirectionOptions; reverse?: DirectionOptions } = {}
      for (const name of directionNames) {
        const weights = layer[name]
        if (weights === undefined) continue
        addTensors(arrays, `layers.${k}.${name}.`, weights)
        options[name] = directionOptions(weights)
      }
      return options
    }),
    ...(head === undefined ? {} : { head: { activation: head.activation } })
  }
  if (head !== undefined) addTensors(arrays, 'head.', head)
  if (test !== undefined) addTensors(arrays, 'test.', test)
  return { arrays, options }
}

function addTensors(arrays: Map<string, NamedArray>, prefix: string, members: object): void {
  for (const [name, value] of Object.entries(members ?? {})) {
    if (value instanceof Tensor) arrays.set(prefix + name, value)
  }
}
