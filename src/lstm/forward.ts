import { type CellCache, lstmCellForward } from './cell.ts'
import { expectShape } from './dimensions.ts'
import { type Matrix, zeros } from './matrix.ts'
import { dimensionsOf, type Parameters } from './parameters.ts'

/** A tensor of rank 3, row-major, as the notation has it: features, columns, time steps. */
export interface Tensor3 {
  readonly shape: readonly [number, number, number]
  readonly data: Float64Array
}

export interface ForwardResult {
  readonly a: Tensor3 // (n_a, m, T_x)
  readonly y: Tensor3 // (n_y, m, T_x)
  readonly c: Tensor3 // (n_a, m, T_x)
  /** One cache per step. */
  readonly caches: readonly CellCache[]
}

/**
 * The forward pass over a sequence: lstm_forward(x, a0, parameters), from a memory state of zeros unless c0 is given.
 *
 * @param x (n_x, m, T_x)
 * @param a0 (n_a, m)
 * @param c0 (n_a, m)
 * @throws LSTM_ERR_SHAPE_MISMATCH, LSTM_ERR_EMPTY_AXIS naming the tensor, the shape expected and the one that came
 */
export function lstmForward(x: Tensor3, a0: Matrix, parameters: Parameters, c0?: Matrix): ForwardResult {
  const { n_x, n_a, n_y } = dimensionsOf(parameters)
  const [, m, T_x] = x.shape
  expectShape('x', x.shape, [
    { symbol: 'n_x', length: n_x },
    { symbol: 'm', length: undefined },
    { symbol: 'T_x', length: undefined }
  ])
  const state = [
    { symbol: 'n_a', length: n_a },
    { symbol: 'm', length: m }
  ]
  expectShape('a0', [a0.rows, a0.columns], state)
  if (c0 !== undefined) expectShape('c0', [c0.rows, c0.columns], state)

  const a = tensor3(n_a, m, T_x)
  const y = tensor3(n_y, m, T_x)
  const c = tensor3(n_a, m, T_x)
  const caches: CellCache[] = []
  let a_prev = a0
  let c_prev = c0 ?? zeros(n_a, m)
  for (let t = 0; t < T_x; t++) {
    const { a_next, c_next, yt_pred, cache } = lstmCellForward(atStep(x, t), a_prev, c_prev, parameters)
    setStep(a, t, a_next)
    setStep(c, t, c_next)
    setStep(y, t, yt_pred)
    caches.push(cache)
    a_prev = a_next
    c_prev = c_next
  }
  return { a, y, c, caches }
}

function tensor3(n: number, m: number, T_x: number): Tensor3 {
  return { shape: [n, m, T_x], data: new Float64Array(n * m * T_x) }
}

/** tensor[:, :, t] */
function atStep({ shape: [n, m, T_x], data }: Tensor3, t: number): Matrix {
  return { rows: n, columns: m, data: Float64Array.from({ length: n * m }, (_, i) => data[i * T_x + t]) }
}

/** tensor[:, :, t] = values */
function setStep({ shape: [, , T_x], data }: Tensor3, t: number, values: Matrix): void {
  for (const [i, value] of values.data.entries()) data[i * T_x + t] = value
}
