/** The equations of an LSTM in float64, one line each, to compare the kernel with; and random material. */
import type { HeadWeights, LayerWeights } from '../../src/kernels/kernel.ts'
import type { Activation, HeadActivation } from '../../src/lstm/model.ts'

/** Values in [0, 1) from a seed (mulberry32). */
export function randomSource(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let v = Math.imul(state ^ (state >>> 15), 1 | state)
    v = (v + Math.imul(v ^ (v >>> 7), 61 | v)) ^ v
    return ((v ^ (v >>> 14)) >>> 0) / 2 ** 32
  }
}

export const randomFloats = (random: () => number, length: number, scale: number): Float32Array =>
  Float32Array.from({ length }, () => (random() * 2 - 1) * scale)

/** What a random layer has beyond the plain cell; `n_h` is the width of a projection. */
export interface RandomOptions extends Pick<LayerWeights, 'activations' | 'clip' | 'input_forget'> {
  readonly n_h?: number
  readonly peepholes?: boolean
}

export function randomLayer(
  random: () => number,
  n_x: number,
  n_a: number,
  { n_h, peepholes, ...options }: RandomOptions = {}
): LayerWeights {
  const width = n_h ?? n_a
  const scale = 2 / Math.sqrt(n_x + width)
  const W = () => randomFloats(random, n_a * (width + n_x), scale)
  const b = () => randomFloats(random, n_a, 1)
  return {
    ...{ n_x, n_a, n_h: width, Wf: W(), bf: b(), Wi: W(), bi: b(), Wc: W(), bc: b(), Wo: W(), bo: b() },
    ...(n_h === undefined ? {} : { Wp: randomFloats(random, n_h * n_a, 2 / Math.sqrt(n_a)) }),
    ...(peepholes ? { peepholes: { pf: b(), pi: b(), po: b() } } : {}),
    ...options
  }
}

export const randomHead = (
  random: () => number,
  n_a: number,
  n_y: number,
  activation: HeadActivation = 'softmax'
): HeadWeights => ({
  n_a,
  n_y,
  Wy: randomFloats(random, n_y * n_a, 4 / Math.sqrt(n_a)),
  by: randomFloats(random, n_y, 2),
  activation
})

export const sigmoid = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)))

export interface CellResult {
  a_next: number[] // (n_h)
  c_next: number[] // (n_a)
  ft: number[] // (n_a)
  it: number[]
  cct: number[]
  ot: number[]
}

const functionOf = ({ name, alpha = 0.2, beta = 0.5 }: Activation): ((z: number) => number) =>
  ({
    sigmoid,
    tanh: Math.tanh,
    relu: (z: number) => (z < 0 ? 0 : z),
    hard_sigmoid: (z: number) => Math.min(1, Math.max(0, alpha * z + beta)),
    linear: (z: number) => z
  })[name]

/** One step of one row, with all that a layer may have. xt (n_x), a_prev (n_h), c_prev (n_a) */
export function cell(
  weights: LayerWeights,
  xt: ArrayLike<number>,
  a_prev: ArrayLike<number>,
  c_prev: ArrayLike<number>
): CellResult {
  const { n_x, n_a, n_h, Wp, peepholes, activations, clip = Number.POSITIVE_INFINITY } = weights
  const activate = functionOf(activations?.gate ?? { name: 'sigmoid' })
  const candidate = functionOf(activations?.candidate ?? { name: 'tanh' })
  const output = functionOf(activations?.output ?? { name: 'tanh' })
  const gate = (W: Float32Array, b: Float32Array, p?: Float32Array, c: ArrayLike<number> = []): number[] =>
    Array.from({ length: n_a }, (_, unit) => {
      let z = b[unit]
      for (let k = 0; k < n_h; k++) z += W[unit * (n_h + n_x) + k] * a_prev[k]
      for (let k = 0; k < n_x; k++) z += W[unit * (n_h + n_x) + n_h + k] * xt[k]
      if (p !== undefined) z += p[unit] * c[unit]
      return Math.min(clip, Math.max(-clip, z))
    })
  const it = gate(weights.Wi, weights.bi, peepholes?.pi, c_prev).map(activate)
  const free = gate(weights.Wf, weights.bf, peepholes?.pf, c_prev).map(activate)
  const ft = weights.input_forget ? it.map((i) => 1 - i) : free
  const cct = gate(weights.Wc, weights.bc).map(candidate)
  const c_next = ft.map((f, u) => f * c_prev[u] + it[u] * cct[u])
  const ot = gate(weights.Wo, weights.bo, peepholes?.po, c_next).map(activate)
  const hidden = ot.map((o, u) => o * output(c_next[u]))
  const projected = (Wp: Float32Array) =>
    Array.from({ length: n_h }, (_, j) => hidden.reduce((sum, h, u) => sum + Wp[j * n_a + u] * h, 0))
  return { a_next: Wp === undefined ? hidden : projected(Wp), c_next, ft, it, cct, ot }
}

export function softmax(z: ArrayLike<number>): number[] {
  const most = Math.max(...Array.from(z))
  const powers = Array.from(z, (v) => Math.exp(v - most))
  const sum = powers.reduce((total, power) => total + power, 0)
  return powers.map((power) => power / sum)
}

const headFunctions: Readonly<Record<HeadActivation, (z: number[]) => number[]>> = {
  softmax,
  sigmoid: (z) => z.map(sigmoid),
  linear: (z) => z
}

/** activation(Wy·a + by) of one row. a (n_a) */
export const predict = ({ n_a, n_y, Wy, by, activation }: HeadWeights, a: ArrayLike<number>): number[] =>
  headFunctions[activation](
    Array.from({ length: n_y }, (_, j) => {
      let z = by[j]
      for (let k = 0; k < n_a; k++) z += Wy[j * n_a + k] * a[k]
      return z
    })
  )

/** |got − exact| in units of the last place of a float32 near `exact`, denormals included. */
export function ulpError(got: number, exact: number): number {
  if (Number.isNaN(exact)) return Number.isNaN(got) ? 0 : Number.POSITIVE_INFINITY
  const exponent = exact === 0 ? -126 : Math.max(-126, Math.floor(Math.log2(Math.abs(exact))))
  return Math.abs(got - exact) / 2 ** (exponent - 23)
}
