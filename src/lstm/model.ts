/**
 * What a trained LSTM is, whoever trained it: a stack of layers and a head, in the notation of docs/notation.md.
 * Importers make it, exporters write it, kernels run it. Matrices are row-major.
 */

/** In the order of the numbers that kernels know them by. */
export const activationNames = ['sigmoid', 'tanh', 'relu', 'hard_sigmoid', 'linear'] as const
export type ActivationName = (typeof activationNames)[number]

/**
 * `alpha` and `beta` belong to hard_sigmoid(z) = max(0, min(1, alpha·z + beta)). ONNX's default and Keras 2's are
 * alpha 0.2, beta 0.5; Keras 3 has alpha 1/6, beta 0.5, which is relu6(z + 3)/6. The others have neither.
 */
export interface Activation {
  readonly name: ActivationName
  readonly alpha?: number
  readonly beta?: number
}

/** What hard_sigmoid has that says nothing else. */
export const hardSigmoid = { alpha: 0.2, beta: 0.5 } as const

/** The activations f, g, h of ONNX: of the three gates, of the candidate, and of the cell state on its way out. */
export interface Activations {
  readonly gate: Activation
  readonly candidate: Activation
  readonly output: Activation
}

/** What a layer has that says nothing else. */
export const defaultActivations: Activations = {
  gate: { name: 'sigmoid' },
  candidate: { name: 'tanh' },
  output: { name: 'tanh' }
}

export interface Peepholes {
  readonly pf: Float32Array // (n_a)
  readonly pi: Float32Array // (n_a)
  readonly po: Float32Array // (n_a)
}

/**
 * One layer in one direction. With all options, one step is
 *
 *     concat = [a_prev; xt]                                  hidden state first, (n_h + n_x)
 *     it  = gate(clip(Wi·concat + bi + pi∘c_prev))
 *     ft  = gate(clip(Wf·concat + bf + pf∘c_prev))           or 1 - it with `input_forget`
 *     cct = candidate(clip(Wc·concat + bc))
 *     c_next = ft∘c_prev + it∘cct
 *     ot  = gate(clip(Wo·concat + bo + po∘c_next))
 *     a_next = Wp·(ot∘output(c_next))                        or without Wp·
 *
 * where clip(z) = max(-clip, min(clip, z)). Sources: PyTorch's `nn.LSTM` (`proj_size`), ONNX's operator `LSTM`.
 */
export interface DirectionWeights {
  readonly n_x: number
  /** Width of the cell state. */
  readonly n_a: number
  /** Width of the hidden state: that of the projection where there is one, else n_a. */
  readonly n_h: number
  readonly Wf: Float32Array // (n_a, n_h + n_x)
  readonly Wi: Float32Array // (n_a, n_h + n_x)
  readonly Wc: Float32Array // (n_a, n_h + n_x)
  readonly Wo: Float32Array // (n_a, n_h + n_x)
  readonly bf: Float32Array // (n_a)
  readonly bi: Float32Array // (n_a)
  readonly bc: Float32Array // (n_a)
  readonly bo: Float32Array // (n_a)
  /** The projection. */
  readonly Wp?: Float32Array // (n_h, n_a)
  readonly peepholes?: Peepholes
  /** Left out: sigmoid, tanh, tanh. */
  readonly activations?: Activations
  /** Bound of the pre-activations of all four gates. */
  readonly clip?: number
  /** The forget gate is 1 - it; Wf, bf and pf are not used. Source: ONNX Runtime's tests. */
  readonly input_forget?: boolean
}

/**
 * A layer: forward, reverse (from each sequence's own last step to its first), or both. With both, the hidden states
 * are [forward; reverse], those of the same time step below each other.
 */
export interface ModelLayer {
  readonly forward?: DirectionWeights
  readonly reverse?: DirectionWeights
}

/** In the order of the numbers that kernels know them by. */
export const headActivations = ['softmax', 'sigmoid', 'linear'] as const
export type HeadActivation = (typeof headActivations)[number]

/** The prediction: activation(Wy·a + by), `a` being the hidden state of the top layer. */
export interface ModelHead {
  readonly n_y: number
  readonly Wy: Float32Array // (n_y, width of the top)
  readonly by: Float32Array // (n_y)
  readonly activation: HeadActivation
}

/** A tensor of a test vector, row-major. */
interface TestTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** Input and what must come out for it, from zero states; `a` is the top layer's. */
export interface ModelTest {
  readonly x: TestTensor // (n_x, m, T_x)
  readonly a?: TestTensor // (width of the top, m, T_x)
  readonly y?: TestTensor // (n_y, m, T_x)
}

export interface Model {
  /** From the input upwards, at least one. */
  readonly layers: readonly ModelLayer[]
  readonly head?: ModelHead
  readonly test?: ModelTest
}

export const directionNames = ['forward', 'reverse'] as const
export type DirectionName = (typeof directionNames)[number]

/** The directions that a layer has, forward first. */
export function directionsOf(layer: ModelLayer): [DirectionName, DirectionWeights][] {
  return directionNames.flatMap((name) => {
    const weights = layer[name]
    return weights === undefined ? [] : [[name, weights]]
  })
}

/** Width of a layer's hidden states, of both directions together. */
export function widthOf(layer: ModelLayer): number {
  return directionsOf(layer).reduce((width, [, { n_h }]) => width + n_h, 0)
}
