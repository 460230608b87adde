import { sigmoid, softmax, tanh } from './activations.ts'
import { expectShape } from './dimensions.ts'
import { add, addColumn, dot, hadamard, type Matrix, stackRows } from './matrix.ts'
import { dimensionsOf, type Parameters } from './parameters.ts'

/** What one step leaves behind for a look at it (or for a backward pass), in the order of the source. */
export interface CellCache {
  readonly a_next: Matrix // (n_a, m)
  readonly c_next: Matrix // (n_a, m)
  readonly a_prev: Matrix // (n_a, m)
  readonly c_prev: Matrix // (n_a, m)
  readonly ft: Matrix // (n_a, m)
  readonly it: Matrix // (n_a, m)
  readonly cct: Matrix // (n_a, m)
  readonly ot: Matrix // (n_a, m)
  readonly xt: Matrix // (n_x, m)
  readonly parameters: Parameters
}

export interface CellResult {
  readonly a_next: Matrix // (n_a, m)
  readonly c_next: Matrix // (n_a, m)
  readonly yt_pred: Matrix // (n_y, m)
  readonly cache: CellCache
}

/**
 * One forward step of an LSTM cell: lstm_cell_forward(xt, a_prev, c_prev, parameters).
 *
 * The cell is that of Gers, Schmidhuber, Cummins: Learning to Forget (2000), in the notation of the course
 * "Sequence Models" (deeplearning.ai): the hidden state stands above the input in `concat`.
 *
 * @param xt (n_x, m), the input of this step
 * @param a_prev (n_a, m), the hidden state before it
 * @param c_prev (n_a, m), the memory state before it
 * @throws LSTM_ERR_SHAPE_MISMATCH, LSTM_ERR_EMPTY_AXIS naming the tensor, the shape expected and the one that came
 */
export function lstmCellForward(xt: Matrix, a_prev: Matrix, c_prev: Matrix, parameters: Parameters): CellResult {
  checkCell(xt, a_prev, c_prev, parameters)
  const { Wf, bf, Wi, bi, Wc, bc, Wo, bo, Wy, by } = parameters

  const concat = stackRows(a_prev, xt) //                                 [a_prev; xt]  (n_a + n_x, m)
  const ft = sigmoid(addColumn(dot(Wf, concat), bf)) //                   forget gate
  const it = sigmoid(addColumn(dot(Wi, concat), bi)) //                   update (input) gate
  const cct = tanh(addColumn(dot(Wc, concat), bc)) //                     candidate value
  const c_next = add(hadamard(ft, c_prev), hadamard(it, cct)) //          cell (memory) state
  const ot = sigmoid(addColumn(dot(Wo, concat), bo)) //                   output gate
  const a_next = hadamard(ot, tanh(c_next)) //                            hidden state
  const yt_pred = softmax(addColumn(dot(Wy, a_next), by)) //              prediction

  return { a_next, c_next, yt_pred, cache: { a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters } }
}

function checkCell(xt: Matrix, a_prev: Matrix, c_prev: Matrix, parameters: Parameters): void {
  const { n_x, n_a } = dimensionsOf(parameters)
  const units = { symbol: 'n_a', length: n_a }
  const columns = { symbol: 'm', length: xt.columns }
  expectShape('xt', [xt.rows, xt.columns], [{ symbol: 'n_x', length: n_x }, columns])
  expectShape('a_prev', [a_prev.rows, a_prev.columns], [units, columns])
  expectShape('c_prev', [c_prev.rows, c_prev.columns], [units, columns])
}
