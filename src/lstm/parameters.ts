import { type Dimensions, forEachParameter, type ParameterName, parameterDimensions } from './dimensions.ts'
import type { Matrix } from './matrix.ts'

/** The ten arrays of the notation, in float64. */
export interface Parameters extends Readonly<Record<ParameterName, Matrix>> {
  readonly Wf: Matrix // (n_a, n_a + n_x)
  readonly bf: Matrix // (n_a, 1)
  readonly Wi: Matrix // (n_a, n_a + n_x)
  readonly bi: Matrix // (n_a, 1)
  readonly Wc: Matrix // (n_a, n_a + n_x)
  readonly bc: Matrix // (n_a, 1)
  readonly Wo: Matrix // (n_a, n_a + n_x)
  readonly bo: Matrix // (n_a, 1)
  readonly Wy: Matrix // (n_y, n_a)
  readonly by: Matrix // (n_y, 1)
}

/** @throws LSTM_ERR_SHAPE_MISMATCH when the arrays disagree among themselves */
export function dimensionsOf(parameters: Parameters): Dimensions {
  return parameterDimensions(forEachParameter((name) => [parameters[name].rows, parameters[name].columns]))
}
