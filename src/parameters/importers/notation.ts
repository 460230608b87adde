import { directionArrays } from '../../../schemas/index.ts'
import { LstmError } from '../../errors.ts'
import { forEachParameter, parameterDimensions, parameterNames } from '../../lstm/dimensions.ts'
import { type DirectionWeights, directionNames, type Model, type ModelHead, type ModelLayer } from '../../lstm/model.ts'
import type { FileArray, FileArrays, NamedArray } from '../files/array.ts'
import { selectArrays } from '../ten-arrays.ts'
import { expectLengths, headActivation, type ImportedModel, type ImportSettings, listed, refusal } from './imported.ts'
import { type ModelOptions, withOptions } from './options.ts'
import { testVector } from './test-vector.ts'

/** A direction's array in a stack: `layers.0.forward.Wf`. */
const STACKED = /^layers\.(0|[1-9]\d{0,3})\.(forward|reverse)\.([A-Za-z]{2})$/

/** Whether arrays have the names of the notation, those of one layer or those of a stack. */
export function hasNotationNames(arrays: FileArrays): boolean {
  for (const name of arrays.keys()) {
    if ((parameterNames as readonly string[]).includes(name) || STACKED.test(name)) return true
  }
  return false
}

/**
 * A model from arrays in the notation: the ten arrays of one layer with a head, softmax unless a setting says otherwise, or
 * those of a stack, `layers.0.forward.Wf` to `head.by`.
 * @throws LSTM_ERR_INVALID_PARAMETER_SET, LSTM_ERR_SHAPE_MISMATCH, LSTM_ERR_EMPTY_AXIS
 */
export function importNotation(arrays: FileArrays, settings: ImportSettings, options?: ModelOptions): ImportedModel {
  for (const setting of ['prefix', 'head'] as const) {
    const given = settings[setting]
    if (given === undefined || (setting === 'head' && given === 'none')) continue
    throw refusal(`${setting}=${listed([given])}: the arrays have the names of the notation, and nothing to choose`)
  }
  for (const name of arrays.keys()) if (STACKED.test(name)) return importStack(arrays, settings, options)
  return importTen(arrays, settings, options)
}

function importTen(arrays: FileArrays, settings: ImportSettings, options?: ModelOptions): ImportedModel {
  const test = testVector(arrays, new Set())
  const ten = selectArrays(
    new Map(
      Array.from(arrays)
        .filter(([name]) => !name.startsWith('test.'))
        .map(read)
    )
  )
  const { n_x, n_a, n_y } = parameterDimensions(forEachParameter((name) => ten[name].shape))
  const { Wy, by, ...rest } = forEachParameter((name) => ten[name].data)
  const activation = headActivation(options?.head?.activation, 'softmax', settings)
  const withHead = settings.head !== 'none'
  const model: Model = {
    layers: [{ forward: { n_x, n_a, n_h: n_a, ...rest } }],
    ...(withHead ? { head: { n_y, Wy, by, activation } } : {}),
    ...(test === undefined ? {} : { test })
  }
  return {
    model: options === undefined ? model : withOptions(model, options),
    source: { convention: 'notation', lstm: '', head: withHead ? 'Wy, by' : null, leftOut: [] }
  }
}

const read = ([name, array]: [string, FileArray]): [string, NamedArray] => [name, array.read()]

function importStack(arrays: FileArrays, settings: ImportSettings, options?: ModelOptions): ImportedModel {
  const used = new Set<string>()
  const test = testVector(arrays, used)
  const layers: ModelLayer[] = []
  for (let k = 0; ; k++) {
    const layer: { forward?: DirectionWeights; reverse?: DirectionWeights } = {}
    for (const direction of directionNames) {
      const weights = readDirection(arrays, `layers.${k}.${direction}`, used)
      if (weights !== undefined) layer[direction] = weights
    }
    if (layer.forward === undefined && layer.reverse === undefined) break
    layers.push(layer)
  }
  const head = readHead(arrays, used, settings, options)
  const unknown = [...arrays.keys()].filter((name) => !used.has(name))
  if (unknown.length > 0) throw refusal(`not known: ${listed(unknown)}, behind ${layers.length} whole layers`)
  const model: Model = {
    layers,
    ...(head === undefined || settings.head === 'none' ? {} : { head }),
    ...(test === undefined ? {} : { test })
  }
  return {
    model: options === undefined ? model : withOptions(model, options),
    source: { convention: 'notation', lstm: '', head: model.head === undefined ? null : 'head', leftOut: [] }
  }
}

function readDirection(arrays: FileArrays, where: string, used: Set<string>): DirectionWeights | undefined {
  const found = new Map<string, FileArray>()
  for (const name of directionArrays) {
    const array = arrays.get(`${where}.${name}`)
    if (array === undefined) continue
    found.set(name, array)
    used.add(`${where}.${name}`)
  }
  if (found.size === 0) return undefined
  const take = (name: string, symbols: string, ...shape: number[]): Float32Array => {
    const array = found.get(name)
    if (array === undefined) throw refusal(`${where} has ${listed([...found.keys()])}; missing: ${name}`)
    const column = shape.length === 1 && array.shape.length === 2 && array.shape[1] === 1
    expectLengths(`${where}.${name}`, column ? [array.shape[0]] : array.shape, symbols, shape)
    return array.read().data
  }
  const Wf = found.get('Wf')?.shape ?? []
  const n_a = Wf[0] ?? 0
  const n_h = found.get('Wp')?.shape[0] ?? n_a
  const n_x = (Wf[1] ?? 0) - n_h
  if (n_a < 1 || n_x < 1) {
    throw new LstmError('LSTM_ERR_INVALID_PARAMETER_SET', [
      `${where}.Wf has shape (${Wf.slice(0, 8).join(', ')}); expected (n_a, n_h + n_x) with n_a and n_x at least 1`
    ])
  }
  const W = (name: string) => take(name, '(n_a, n_h + n_x)', n_a, n_h + n_x)
  const b = (name: string) => take(name, '(n_a,)', n_a)
  const anyPeephole = ['pf', 'pi', 'po'].some((name) => found.has(name))
  return {
    ...{ n_x, n_a, n_h },
    ...{ Wf: W('Wf'), Wi: W('Wi'), Wc: W('Wc'), Wo: W('Wo') },
    ...{ bf: b('bf'), bi: b('bi'), bc: b('bc'), bo: b('bo') },
    ...(found.has('Wp') ? { Wp: take('Wp', '(n_h, n_a)', n_h, n_a) } : {}),
    ...(anyPeephole ? { peepholes: { pf: b('pf'), pi: b('pi'), po: b('po') } } : {})
  }
}

function readHead(
  arrays: FileArrays,
  used: Set<string>,
  settings: ImportSettings,
  options?: ModelOptions
): ModelHead | undefined {
  const [Wy, by] = ['head.Wy', 'head.by'].map((name) => {
    if (arrays.has(name)) used.add(name)
    return arrays.get(name)
  })
  if (Wy === undefined && by === undefined) return undefined
  if (Wy === undefined || by === undefined) throw refusal('a head has both, head.Wy and head.by')
  const n_y = Wy.shape[0] ?? 0
  expectLengths('head.Wy', Wy.shape, '(n_y, n_h)', [n_y, Wy.shape[1] ?? 0])
  expectLengths('head.by', by.shape.length === 2 && by.shape[1] === 1 ? [by.shape[0]] : by.shape, '(n_y,)', [n_y])
  const activation = headActivation(options?.head?.activation, 'softmax', settings)
  return { n_y, Wy: Wy.read().data, by: by.read().data, activation }
}
