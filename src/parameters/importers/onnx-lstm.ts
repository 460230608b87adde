import type { Activations, DirectionWeights, ModelLayer } from '../../lstm/model.ts'
import type { NamedArray } from '../files/array.ts'
import type { OnnxNode } from '../files/onnx.ts'
import { onnxActivation, unlessDefault } from './activations.ts'
import { fromOnnx } from './gates.ts'
import { expectLengths, listed, refusal } from './imported.ts'
import type { OnnxConstants } from './onnx-constants.ts'

/** Which activations take a number from `activation_alpha`, and which from `activation_beta`. Source: ONNX Runtime. */
const takesAlpha = new Set(['affine', 'leakyrelu', 'thresholdedrelu', 'scaledtanh', 'hardsigmoid', 'elu'])
const takesBeta = new Set(['affine', 'scaledtanh', 'hardsigmoid'])

/**
 * The layer that an LSTM node is. Source: ONNX's operator `LSTM`.
 * @throws LSTM_ERR_INVALID_PARAMETER_SET for what is not served or not constant, LSTM_ERR_SHAPE_MISMATCH
 */
export function readOnnxLstm(node: OnnxNode, constants: OnnxConstants): ModelLayer {
  const where = `LSTM ${listed([node.name || (node.outputs[0] ?? '')])}`
  const direction = node.attributes.get('direction')?.s ?? 'forward'
  if (!['forward', 'reverse', 'bidirectional'].includes(direction))
    throw refusal(`${where} has direction ${listed([direction])}`)
  const D = direction === 'bidirectional' ? 2 : 1
  const weight = (index: number, name: string): NamedArray | undefined => {
    const input = node.inputs[index]
    if (input === undefined || input === '') return undefined
    const array = constants.floats(node.graph, input)
    if (array === undefined) throw refusal(`${where}: its input ${name}, ${listed([input])}, is no constant of floats`)
    return array
  }
  const [W, R, B, P] = [weight(1, 'W'), weight(2, 'R'), weight(3, 'B'), weight(7, 'P')]
  if (W === undefined || R === undefined) throw refusal(`${where} has no weights W and R`)
  const n_x = W.shape[2] ?? 0
  const n_a = node.attributes.get('hidden_size')?.i ?? R.shape[2] ?? 0
  expectLengths(`${where}: W`, W.shape, '(directions, 4·n_a, n_x)', [D, 4 * n_a, n_x])
  expectLengths(`${where}: R`, R.shape, '(directions, 4·n_a, n_a)', [D, 4 * n_a, n_a])
  if (B !== undefined) expectLengths(`${where}: B`, B.shape, '(directions, 8·n_a)', [D, 8 * n_a])
  if (P !== undefined) expectLengths(`${where}: P`, P.shape, '(directions, 3·n_a)', [D, 3 * n_a])
  refuseInitialState(node, constants, where)

  const activations = readActivations(node, D, where)
  const clip = node.attributes.get('clip')?.f
  const inputForget = node.attributes.get('input_forget')?.i
  const one = (d: number): DirectionWeights => ({
    ...fromOnnx({ W: part(W, d), R: part(R, d), B: B && part(B, d), P: P && part(P, d) }, n_x, n_a),
    ...unlessDefault(activations[d]),
    ...(clip === undefined || clip === 0 ? {} : { clip }),
    ...(inputForget === 1 ? { input_forget: true } : {})
  })
  if (direction === 'bidirectional') return { forward: one(0), reverse: one(1) }
  return direction === 'reverse' ? { reverse: one(0) } : { forward: one(0) }
}

/** Block `d` along the first axis. */
function part({ shape, data }: NamedArray, d: number): Float32Array {
  const length = data.length / shape[0]
  return data.subarray(d * length, (d + 1) * length)
}

/** A state to begin with that is a part of the model would be lost. Zeros are what a sequence begins with anyway. */
function refuseInitialState(node: OnnxNode, constants: OnnxConstants, where: string): void {
  for (const [index, name] of [
    [5, 'initial_h'],
    [6, 'initial_c']
  ] as const) {
    const input = node.inputs[index]
    const state = input ? constants.floats(node.graph, input) : undefined
    if (state?.data.some((value) => value !== 0)) {
      throw refusal(`${where} begins with an ${name} of its own, which is not served; send it as a0 or c0`)
    }
  }
}

function readActivations({ attributes }: OnnxNode, D: number, where: string): Activations[] {
  const given = attributes.get('activations')?.strings ?? []
  const names = given.length > 0 ? given : Array.from({ length: D }, () => ['Sigmoid', 'Tanh', 'Tanh']).flat()
  if (names.length !== 3 * D) throw refusal(`${where} has ${names.length} activations; expected ${3 * D}`)
  const alphas = [...(attributes.get('activation_alpha')?.floats ?? [])]
  const betas = [...(attributes.get('activation_beta')?.floats ?? [])]
  const activations = names.map((name) => {
    const alpha = takesAlpha.has(name.toLowerCase()) ? alphas.shift() : undefined
    const beta = takesBeta.has(name.toLowerCase()) ? betas.shift() : undefined
    const activation = onnxActivation(name, alpha, beta)
    if (activation === undefined) throw refusal(`${where} has the activation ${listed([name])}, which is not served`)
    return activation
  })
  return Array.from({ length: D }, (_, d) => {
    const [gate, candidate, output] = activations.slice(3 * d, 3 * d + 3)
    return { gate, candidate, output }
  })
}
