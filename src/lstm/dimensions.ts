import { LstmError } from '../errors.ts'

/**
 * The dimension checks, on shapes alone, so that the reference, the importers and the service share them.
 * n_x input features, n_a hidden units, n_y outputs, m columns (examples), T_x time steps.
 */

export interface Dimensions {
  readonly n_x: number
  readonly n_a: number
  readonly n_y: number
}

export const parameterNames = ['Wf', 'bf', 'Wi', 'bi', 'Wc', 'bc', 'Wo', 'bo', 'Wy', 'by'] as const
export type ParameterName = (typeof parameterNames)[number]

/** A record over the ten names. */
export function forEachParameter<T>(make: (name: ParameterName) => T): Record<ParameterName, T> {
  return Object.fromEntries(parameterNames.map((name) => [name, make(name)])) as Record<ParameterName, T>
}

export type Shape = readonly number[]

/** One axis as a message shows it: its symbol, and its length where that is already known. */
export interface Axis {
  readonly symbol: string
  readonly length: number | undefined
}

/**
 * Demands that a tensor has exactly these axes, each known one of the known length, none of length 0.
 * @throws LSTM_ERR_SHAPE_MISMATCH, LSTM_ERR_EMPTY_AXIS; the issue points at the tensor.
 */
export function expectShape(tensor: string, got: Shape, axes: readonly Axis[]): void {
  const fits = got.length === axes.length && axes.every(({ length }, i) => length === undefined || got[i] === length)
  if (!fits) {
    const symbols = `(${axes.map(({ symbol }) => symbol).join(', ')})`
    const expected = axes.map(({ symbol, length }) => length ?? symbol)
    throw LstmError.at(pointer(tensor), 'LSTM_ERR_SHAPE_MISMATCH', [tensor, got, symbols, expected])
  }
  const empty = got.indexOf(0)
  if (empty >= 0) throw LstmError.at(pointer(tensor), 'LSTM_ERR_EMPTY_AXIS', [tensor, axes[empty].symbol, got])
}

/**
 * The dimensions of a parameter set, from the shapes of its ten arrays; Wf and Wy decide, the others must agree.
 * @param prefix goes in front of each array's name in messages, such as "parameters."
 * @throws LSTM_ERR_SHAPE_MISMATCH, LSTM_ERR_EMPTY_AXIS
 */
export function parameterDimensions(shapes: Readonly<Record<ParameterName, Shape>>, prefix = ''): Dimensions {
  expectShape(`${prefix}Wf`, shapes.Wf, [free('n_a'), free('n_a + n_x')])
  expectShape(`${prefix}Wy`, shapes.Wy, [free('n_y'), free('n_a')])
  const n_a = shapes.Wf[0]
  const n_x = shapes.Wf[1] - n_a
  const n_y = shapes.Wy[0]
  if (n_x < 1) {
    const reason = `${prefix}Wf has shape (${shapes.Wf.join(', ')}); expected (n_a, n_a + n_x) with n_x at least 1`
    throw LstmError.at(pointer(`${prefix}Wf`), 'LSTM_ERR_INVALID_PARAMETER_SET', [reason])
  }
  const units = { symbol: 'n_a', length: n_a }
  const concat = { symbol: 'n_a + n_x', length: n_a + n_x }
  const outputs = { symbol: 'n_y', length: n_y }
  const one = { symbol: '1', length: 1 }
  for (const name of ['Wf', 'Wi', 'Wc', 'Wo'] as const) expectShape(prefix + name, shapes[name], [units, concat])
  for (const name of ['bf', 'bi', 'bc', 'bo'] as const) expectShape(prefix + name, shapes[name], [units, one])
  expectShape(`${prefix}Wy`, shapes.Wy, [outputs, units])
  expectShape(`${prefix}by`, shapes.by, [outputs, one])
  return { n_x, n_a, n_y }
}

/** "parameters.Wf" as a JSON pointer. */
function pointer(tensor: string): string {
  return `/${tensor.replaceAll('.', '/')}`
}

function free(symbol: string): Axis {
  return { symbol, length: undefined }
}
