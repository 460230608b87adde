import type { Activation, ActivationName, Activations } from '../../lstm/model.ts'

const hardSigmoid = { keras2: { alpha: 0.2, beta: 0.5 }, keras3: { alpha: 1 / 6, beta: 0.5 } } as const

/** What is served, under the names that Keras and ONNX (in small letters, without its underscore) have for it. */
const names: Readonly<Record<string, ActivationName>> = {
  sigmoid: 'sigmoid',
  tanh: 'tanh',
  relu: 'relu',
  hard_sigmoid: 'hard_sigmoid',
  hardsigmoid: 'hard_sigmoid',
  linear: 'linear'
}

/**
 * An activation by the name that Keras has for it.
 * @param version of Keras: 2 and 3 mean different things by hard_sigmoid
 * @returns undefined where it is not served
 */
export function kerasActivation(name: unknown, version: 2 | 3): Activation | undefined {
  if (name === null || name === undefined) return { name: 'linear' }
  const known = typeof name === 'string' && Object.hasOwn(names, name) ? names[name] : undefined
  if (known !== 'hard_sigmoid') return known === undefined ? undefined : { name: known }
  return { name: known, ...hardSigmoid[version === 2 ? 'keras2' : 'keras3'] }
}

/**
 * An activation by the name that ONNX has for it. Source: ONNX's operator `LSTM`, `activations`.
 * @param alpha, beta undefined: the operator's own defaults
 */
export function onnxActivation(
  name: string,
  alpha: number | undefined,
  beta: number | undefined
): Activation | undefined {
  const lower = name.toLowerCase()
  if (lower === 'affine' && (alpha ?? 1) === 1 && (beta ?? 0) === 0) return { name: 'linear' }
  const known = Object.hasOwn(names, lower) && lower !== 'linear' ? names[lower] : undefined
  if (known !== 'hard_sigmoid') return known === undefined ? undefined : { name: known }
  return { name: known, alpha: alpha ?? hardSigmoid.keras2.alpha, beta: beta ?? hardSigmoid.keras2.beta }
}

/** What a layer has to say of its activations: nothing where they are those of every LSTM. */
export function unlessDefault(activations: Activations): { activations?: Activations } {
  const { gate, candidate, output } = activations
  const usual = gate.name === 'sigmoid' && candidate.name === 'tanh' && output.name === 'tanh'
  return usual ? {} : { activations }
}
