import { LstmError } from '../errors.ts'
import { type Activation, type DirectionWeights, directionsOf, type Model, widthOf } from './model.ts'

/** What the outside of a model looks like. */
export interface ModelDimensions {
  readonly n_x: number
  /** Width of the top layer's hidden state, of both directions together. */
  readonly width: number
  /** 0 without a head. */
  readonly n_y: number
}

/**
 * Holds the arrays of a model against each other: every length, the width of each layer against the one below it, the
 * head and the test vector against the top. Whether the values are finite is the readers' business.
 * @throws LSTM_ERR_INVALID_PARAMETER_SET with the array's name, what it has and what it should have
 */
export function checkModel({ layers, head, test }: Model): ModelDimensions {
  if (layers.length === 0) throw invalid('a model has at least one layer')
  let below: number | undefined
  for (const [k, layer] of layers.entries()) {
    const directions = directionsOf(layer)
    if (directions.length === 0) throw invalid(`layers.${k} has neither a forward nor a reverse direction`)
    below ??= directions[0][1].n_x
    for (const [name, weights] of directions) checkDirection(`layers.${k}.${name}`, weights, below, k)
    below = widthOf(layer)
  }
  const width = below as number
  if (head !== undefined) {
    checkWidth('head', 'n_y', head.n_y)
    checkLength('head.Wy', head.Wy, '(n_y, n_h)', [head.n_y, width])
    checkLength('head.by', head.by, '(n_y,)', [head.n_y])
  }
  const dimensions = { n_x: directionsOf(layers[0])[0][1].n_x, width, n_y: head?.n_y ?? 0 }
  if (test !== undefined) checkTest(test, dimensions)
  return dimensions
}

function checkDirection(where: string, weights: DirectionWeights, below: number, k: number): void {
  const { n_x, n_a, n_h, Wp, peepholes, activations, clip } = weights
  for (const [symbol, value] of Object.entries({ n_x, n_a, n_h })) checkWidth(where, symbol, value)
  if (n_x !== below) {
    const source = k === 0 ? 'the other direction reads' : `layers.${k - 1} gives`
    throw invalid(`${where} reads ${n_x} features, but ${source} ${below}`)
  }
  if (Wp === undefined && n_h !== n_a) {
    throw invalid(`${where} has a hidden state of ${n_h} and a cell state of ${n_a}, and no projection Wp between them`)
  }
  for (const name of ['Wf', 'Wi', 'Wc', 'Wo'] as const) {
    checkLength(`${where}.${name}`, weights[name], '(n_a, n_h + n_x)', [n_a, n_h + n_x])
  }
  for (const name of ['bf', 'bi', 'bc', 'bo'] as const) checkLength(`${where}.${name}`, weights[name], '(n_a,)', [n_a])
  if (Wp !== undefined) checkLength(`${where}.Wp`, Wp, '(n_h, n_a)', [n_h, n_a])
  if (peepholes !== undefined) {
    for (const name of ['pf', 'pi', 'po'] as const) checkLength(`${where}.${name}`, peepholes[name], '(n_a,)', [n_a])
  }
  if (activations !== undefined) {
    for (const [role, activation] of Object.entries(activations)) checkActivation(`${where}, ${role}`, activation)
  }
  if (clip !== undefined && !(clip > 0 && Number.isFinite(clip))) {
    throw invalid(`${where}: clip is ${clip}; expected a positive number`)
  }
}

function checkActivation(where: string, { name, alpha, beta }: Activation): void {
  for (const [symbol, value] of Object.entries({ alpha, beta })) {
    if (value === undefined) continue
    if (name !== 'hard_sigmoid') throw invalid(`${where}: ${name} takes no ${symbol}`)
    if (!Number.isFinite(value)) throw invalid(`${where}: ${symbol} of ${name} is ${value}`)
  }
}

function checkTest({ x, a, y }: NonNullable<Model['test']>, { n_x, width, n_y }: ModelDimensions): void {
  if (a === undefined && y === undefined) throw invalid('test has x, and neither a nor y to compare with')
  const [, m, T_x] = x.shape
  const fits = (tensor: typeof x, rows: number): boolean =>
    tensor.shape.length === 3 && tensor.shape[0] === rows && tensor.shape[1] === m && tensor.shape[2] === T_x
  const tensors = [
    ['x', x, 'n_x', n_x],
    ['a', a, 'n_h', width],
    ['y', y, 'n_y', n_y]
  ] as const
  for (const [name, tensor, symbol, rows] of tensors) {
    if (tensor === undefined) continue
    if (!fits(tensor, rows)) {
      const expected = `(${symbol}, m, T_x) = (${rows}, ${m ?? 'm'}, ${T_x ?? 'T_x'})`
      throw invalid(`test.${name} has shape (${tensor.shape.join(', ')}); expected ${expected}`)
    }
    checkLength(`test.${name}`, tensor.data, `(${symbol}, m, T_x)`, [rows, m, T_x])
  }
}

function checkWidth(where: string, symbol: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) throw invalid(`${where}: ${symbol} is ${value}; it must be at least 1`)
}

function checkLength(name: string, array: Float32Array, symbols: string, shape: readonly number[]): void {
  const expected = shape.reduce((product, length) => product * length, 1)
  if (array.length === expected) return
  const dims = `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`
  throw invalid(`${name} has ${array.length} values; expected ${symbols} = ${dims}`)
}

function invalid(reason: string): LstmError {
  return new LstmError('LSTM_ERR_INVALID_PARAMETER_SET', [reason])
}
