import {
  type Activation,
  type DirectionWeights,
  defaultActivations,
  directionsOf,
  type Model
} from '../src/lstm/model.ts'

/**
 * A whole model in float64, written straight from the equations in src/lstm/model.ts: slow, plain, and by nobody but the tests.
 * One example at a time; a vector is an array of numbers.
 */

type Vector = readonly number[]

export interface Forward {
  /** (T_x, width of the top); past the example's end zeros. */
  readonly a: Vector[]
  /** (T_x, n_y); empty without a head. */
  readonly y: Vector[]
  /** Of the top layer, both directions: the states after the last step that each makes; and what the head gives of them. */
  readonly a_last: Vector
  readonly y_last?: Vector
  /** Of every layer and direction, forward before reverse: the states after the last step that it makes. */
  readonly last: { readonly h: Vector; readonly c: Vector }[]
}

/**
 * @param x (T_x, n_x)
 * @param length real steps
 * @param initial states of every layer and direction
 */
export function forwardOf(
  model: Model,
  x: readonly Vector[],
  length = x.length,
  initial?: readonly { readonly h: Vector; readonly c: Vector }[]
): Forward {
  const last: { h: Vector; c: Vector }[] = []
  let below = x
  let index = 0
  for (const layer of model.layers) {
    const outputs = directionsOf(layer).map(([name, weights]) => {
      const states = initial?.[index++] ?? { h: new Array(weights.n_h).fill(0), c: new Array(weights.n_a).fill(0) }
      const order = Array.from({ length }, (_, t) => (name === 'forward' ? t : length - 1 - t))
      const a: Vector[] = below.map(() => new Array(weights.n_h).fill(0))
      let { h, c } = states
      for (const t of order) {
        const next = step(weights, below[t], h, c)
        h = next.h
        c = next.c
        a[t] = h
      }
      last.push({ h, c })
      return a
    })
    below = below.map((_, t) => outputs.flatMap((a) => a[t]))
  }
  const { head } = model
  const y = head === undefined ? [] : below.map((a, t) => (t < length ? predict(head, a) : new Array(head.n_y).fill(0)))
  const a_last = last.slice(-directionsOf(model.layers[model.layers.length - 1] ?? {}).length).flatMap(({ h }) => h)
  return { a: [...below], y, a_last, ...(head && { y_last: predict(head, a_last) }), last }
}

function step(weights: DirectionWeights, x: Vector, h: Vector, c: Vector): { h: Vector; c: Vector } {
  const { n_a, n_h, Wp, peepholes, clip = Number.POSITIVE_INFINITY, input_forget } = weights
  const { gate, candidate, output } = weights.activations ?? defaultActivations
  const concat = [...h, ...x]
  const pre = (W: Float32Array, b: Float32Array, u: number, peephole: number): number => {
    let z = b[u] + peephole
    for (let j = 0; j < concat.length; j++) z += W[u * concat.length + j] * concat[j]
    return Math.max(-clip, Math.min(clip, z))
  }
  const m: number[] = []
  const c_next: number[] = []
  for (let u = 0; u < n_a; u++) {
    const it = activate(gate, pre(weights.Wi, weights.bi, u, (peepholes?.pi[u] ?? 0) * c[u]))
    const ft = input_forget ? 1 - it : activate(gate, pre(weights.Wf, weights.bf, u, (peepholes?.pf[u] ?? 0) * c[u]))
    const cct = activate(candidate, pre(weights.Wc, weights.bc, u, 0))
    c_next[u] = ft * c[u] + it * cct
    const ot = activate(gate, pre(weights.Wo, weights.bo, u, (peepholes?.po[u] ?? 0) * c_next[u]))
    m[u] = ot * activate(output, c_next[u])
  }
  if (Wp === undefined) return { h: m, c: c_next }
  return {
    h: Array.from({ length: n_h }, (_, r) => m.reduce((sum, value, u) => sum + Wp[r * n_a + u] * value, 0)),
    c: c_next
  }
}

function activate({ name, alpha = 0.2, beta = 0.5 }: Activation, z: number): number {
  switch (name) {
    case 'sigmoid':
      return 1 / (1 + Math.exp(-z))
    case 'tanh':
      return Math.tanh(z)
    case 'relu':
      return Math.max(0, z)
    case 'hard_sigmoid':
      return Math.max(0, Math.min(1, alpha * z + beta))
    case 'linear':
      return z
  }
}

function predict({ n_y, Wy, by, activation }: NonNullable<Model['head']>, a: Vector): number[] {
  const z = Array.from({ length: n_y }, (_, r) =>
    a.reduce((sum, value, j) => sum + Wy[r * a.length + j] * value, by[r])
  )
  if (activation === 'linear') return z
  if (activation === 'sigmoid') return z.map((value) => 1 / (1 + Math.exp(-value)))
  const largest = Math.max(...z)
  const powers = z.map((value) => Math.exp(value - largest))
  const total = powers.reduce((sum, value) => sum + value, 0)
  return powers.map((value) => value / total)
}
