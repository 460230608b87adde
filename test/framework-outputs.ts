import type { Model } from '../src/lstm/model.ts'
import { forwardOf } from './model-forward.ts'

/** What a framework computed with a fixture's weights, as the fixtures' scripts write it, and how far a model is from it. */

export interface Float64Tensor {
  readonly shape: readonly number[]
  readonly data: string
}

export interface Expected {
  readonly x: Float64Tensor // (n_x, m, T_x)
  readonly lengths?: readonly number[]
  readonly h0?: Float64Tensor // (layers · directions, m, n_h)
  readonly c0?: Float64Tensor // (layers · directions, m, n_a)
  readonly a?: Float64Tensor // (width, m, T_x)
  readonly y?: Float64Tensor // (n_y, m, T_x)
  readonly h?: Float64Tensor
  readonly c?: Float64Tensor
  /** What is given is of the last step alone. */
  readonly last?: boolean
}

function reader({ shape: [, q, r], data }: Float64Tensor): (i: number, j: number, k: number) => number {
  const bytes = Uint8Array.from(Buffer.from(data, 'base64'))
  const values = new Float64Array(bytes.buffer)
  return (i, j, k) => values[(i * q + j) * r + k]
}

/** The largest difference between what the model computes and every output that the framework gave. */
export function largestError(model: Model, expected: Expected): number {
  const [n_x, m, T_x] = expected.x.shape
  const x = reader(expected.x)
  let largest = 0
  const compare = (got: number | undefined, wanted: number): void => {
    const difference = Math.abs((got ?? Number.NaN) - wanted)
    largest = difference <= largest ? largest : difference // NaN is kept
  }
  for (let j = 0; j < m; j++) {
    const rows = Array.from({ length: T_x }, (_, t) => Array.from({ length: n_x }, (_, i) => x(i, j, t)))
    const states =
      expected.h0 && expected.c0
        ? Array.from({ length: expected.h0.shape[0] }, (_, k) => ({
            h: column(expected.h0, k, j),
            c: column(expected.c0, k, j)
          }))
        : undefined
    const length = expected.lengths?.[j] ?? T_x
    const { a, y, a_last, y_last, last } = forwardOf(model, rows, length, states)
    for (const [tensor, values] of [
      [expected.a, expected.last ? [a_last] : a],
      [expected.y, expected.last ? [y_last!] : y]
    ] as const) {
      if (tensor === undefined) continue
      const wanted = reader(tensor)
      for (let i = 0; i < tensor.shape[0]; i++) {
        // past an example's end a framework's head goes on, with a hidden state of zeros
        const steps = tensor === expected.y ? Math.min(length, tensor.shape[2]) : tensor.shape[2]
        for (let t = 0; t < steps; t++) compare(values[t][i], wanted(i, j, t))
      }
    }
    for (const name of ['h', 'c'] as const) {
      for (let k = 0; k < (expected[name]?.shape[0] ?? 0); k++) {
        for (const [i, value] of column(expected[name], k, j).entries()) compare(last[k][name][i], value)
      }
    }
  }
  return largest
}

function column(tensor: Float64Tensor | undefined, k: number, j: number): number[] {
  const at = reader(tensor as Float64Tensor)
  return Array.from({ length: (tensor as Float64Tensor).shape[2] }, (_, i) => at(k, j, i))
}
