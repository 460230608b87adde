import { type DirectionWeights, directionNames, type ModelHead, type ModelLayer, widthOf } from '../../lstm/model.ts'
import type { FileArray, FileArrays } from '../files/array.ts'
import { fromPytorch } from './gates.ts'
import {
  chooseLstm,
  expectLengths,
  headActivation,
  type ImportedModel,
  type ImportSettings,
  listed,
  refusal
} from './imported.ts'
import { type ModelOptions, withOptions } from './options.ts'
import { testVector } from './test-vector.ts'

/** `weight_ih_l0`, `bias_hh_l1_reverse`; without `_l0` in an `nn.LSTMCell`. Source: PyTorch's `nn.LSTM`, "Variables". */
const PARAMETER = /^(.*\.|)((?:weight_(?:ih|hh|hr)|bias_(?:ih|hh)|peephole_[fio]))(?:_l(0|[1-9]\d{0,3})(_reverse)?)?$/s

interface Lstm {
  readonly prefix: string
  /** By layer and direction, such as `0 forward`: member → name in the file. */
  readonly directions: Map<string, Map<string, string>>
  layers: number
  readonly names: Set<string>
}

/** Whether any array has a name as PyTorch gives to the weights of recurrent layers. */
export function hasPytorchNames(arrays: FileArrays): boolean {
  for (const name of arrays.keys()) if (PARAMETER.test(name)) return true
  return false
}

/**
 * A model from arrays under PyTorch's names: an `nn.LSTM` or `nn.LSTMCell` with any prefix, and an `nn.Linear` of the
 * right width as the head.
 * @param options what the file says besides its arrays; only files that this service wrote say anything
 * @throws LSTM_ERR_INVALID_PARAMETER_SET where it is not clear what is meant, with the setting that makes it clear
 * @throws LSTM_ERR_SHAPE_MISMATCH
 */
export function importStateDict(arrays: FileArrays, settings: ImportSettings, options?: ModelOptions): ImportedModel {
  const lstms = findLstms(arrays)
  if (lstms.size === 0) {
    throw refusal(
      `no LSTM in this file: no array is called weight_ih_l0 or the like; there are ${listed([...arrays.keys()])}`
    )
  }
  const lstm = lstms.get(chooseLstm([...lstms.keys()], settings)) as Lstm
  const layers: ModelLayer[] = []
  for (let k = 0; k < lstm.layers; k++) layers.push(readLayer(arrays, lstm, k))

  const used = new Set(lstm.names)
  const test = testVector(arrays, used)
  const width = widthOf(layers[layers.length - 1])
  if (settings.prefix !== undefined) for (const other of lstms.values()) for (const name of other.names) used.add(name)
  const { head, name } = readHead(arrays, width, used, settings, options)
  const leftOut = [...arrays.keys()].filter((each) => !used.has(each))
  if (leftOut.length > 0 && settings.head === undefined) {
    const found = name === null ? 'the LSTM' : `the LSTM and its head ${listed([name])}`
    throw refusal(
      `besides ${found}, the file holds ${listed(leftOut)}, which may belong to what it computes; ?head=${listed([name ?? 'none'])} says to leave them out`
    )
  }
  const model = {
    layers,
    ...(head === undefined ? {} : { head }),
    ...(test === undefined ? {} : { test })
  }
  return {
    model: options === undefined ? model : withOptions(model, options),
    source: { convention: 'pytorch', lstm: lstm.prefix, head: name, leftOut: leftOut.slice(0, 100) }
  }
}

function findLstms(arrays: FileArrays): Map<string, Lstm> {
  const found = new Map<string, Lstm>()
  for (const name of arrays.keys()) {
    const match = PARAMETER.exec(name)
    if (match === null) continue
    const [, prefix, member, layer = '0', reverse] = match
    let lstm = found.get(prefix)
    if (lstm === undefined) {
      lstm = { prefix, directions: new Map(), layers: 0, names: new Set() }
      found.set(prefix, lstm)
    }
    const key = `${layer} ${reverse === undefined ? 'forward' : 'reverse'}`
    const direction = lstm.directions.get(key) ?? new Map<string, string>()
    if (direction.has(member))
      throw refusal(`${listed([name])} and ${listed([direction.get(member) as string])} are one`)
    lstm.directions.set(key, direction.set(member, name))
    lstm.layers = Math.max(lstm.layers, Number(layer) + 1)
    lstm.names.add(name)
  }
  return found
}

function readLayer(arrays: FileArrays, { prefix, directions }: Lstm, k: number): ModelLayer {
  const layer: { forward?: DirectionWeights; reverse?: DirectionWeights } = {}
  for (const name of directionNames) {
    const members = directions.get(`${k} ${name}`)
    if (members !== undefined) layer[name] = readDirection(arrays, members, `${prefix}…_l${k}`)
  }
  if (layer.forward === undefined && layer.reverse === undefined) {
    throw refusal(`layer ${k} is missing: there is no ${listed([`${prefix}weight_ih_l${k}`])}`)
  }
  return layer
}

function readDirection(arrays: FileArrays, members: Map<string, string>, where: string): DirectionWeights {
  const array = (member: string): FileArray | undefined => arrays.get(members.get(member) ?? '')
  const named = (member: string): string => members.get(member) ?? member
  const ih = array('weight_ih')
  const hh = array('weight_hh')
  const hr = array('weight_hr')
  if (ih === undefined || hh === undefined) {
    throw refusal(`${listed([where])} has ${listed([...members.keys()])}; expected weight_ih and weight_hh`)
  }
  if (ih.shape.length !== 2) expectLengths(named('weight_ih'), ih.shape, '(4·n_a, n_x)', [-1, -1])
  const rows = ih.shape[0]
  const n_x = ih.shape[1]
  const n_h = hh.shape[1] ?? 0
  if (hr === undefined && rows !== 4 * n_h && (rows === 3 * n_h || rows === n_h)) {
    const other = rows === n_h ? 'an RNN' : 'a GRU'
    throw refusal(
      `${listed([named('weight_ih')])} has ${rows} rows for a hidden state of ${n_h}: ${other}, not an LSTM`
    )
  }
  const n_a = hr === undefined ? n_h : (hr.shape[1] ?? 0)
  expectLengths(named('weight_ih'), ih.shape, '(4·n_a, n_x)', [4 * n_a, n_x])
  expectLengths(named('weight_hh'), hh.shape, '(4·n_a, n_h)', [4 * n_a, n_h])
  if (hr !== undefined) expectLengths(named('weight_hr'), hr.shape, '(n_h, n_a)', [n_h, n_a])
  for (const member of ['bias_ih', 'bias_hh']) {
    const bias = array(member)
    if (bias !== undefined) expectLengths(named(member), bias.shape, '(4·n_a,)', [4 * n_a])
  }
  const weights = fromPytorch(
    {
      weight_ih: ih.read().data,
      weight_hh: hh.read().data,
      bias_ih: array('bias_ih')?.read().data,
      bias_hh: array('bias_hh')?.read().data,
      weight_hr: hr?.read().data
    },
    { n_x, n_a, n_h }
  )
  const [pf, pi, po] = ['peephole_f', 'peephole_i', 'peephole_o'].map(array)
  if (pf === undefined || pi === undefined || po === undefined) return weights
  return { ...weights, peepholes: { pf: pf.read().data, pi: pi.read().data, po: po.read().data } }
}

function readHead(
  arrays: FileArrays,
  width: number,
  used: Set<string>,
  settings: ImportSettings,
  options: ModelOptions | undefined
): { head: ModelHead | undefined; name: string | null } {
  const name = chooseHead(arrays, width, used, settings)
  if (name === undefined) {
    if (settings.head_activation !== undefined) {
      throw refusal(
        `head_activation=${settings.head_activation}, but there is no head: no linear layer reads ${width} features`
      )
    }
    return { head: undefined, name: null }
  }
  const weight = arrays.get(`${name}.weight`) as FileArray
  const bias = arrays.get(`${name}.bias`)
  const n_y = weight.shape[0]
  expectLengths(`${name}.weight`, weight.shape, '(n_y, n_h)', [n_y, width])
  if (bias !== undefined) expectLengths(`${name}.bias`, bias.shape, '(n_y,)', [n_y])
  used.add(`${name}.weight`).add(`${name}.bias`)
  const activation = headActivation(options?.head?.activation, 'linear', settings)
  return { head: { n_y, Wy: weight.read().data, by: bias?.read().data ?? new Float32Array(n_y), activation }, name }
}

/** The name of the linear layer that is the head. */
function chooseHead(
  arrays: FileArrays,
  width: number,
  used: ReadonlySet<string>,
  { head }: ImportSettings
): string | undefined {
  if (head === 'none') return undefined
  const linear: string[] = []
  for (const [name, { shape }] of arrays) {
    const layer = name.endsWith('.weight') && !used.has(name) ? name.slice(0, -'.weight'.length) : undefined
    if (layer !== undefined && shape.length === 2 && shape[1] === width) linear.push(layer)
  }
  if (head !== undefined) {
    const layer = head.endsWith('.') ? head.slice(0, -1) : head
    if (arrays.get(`${layer}.weight`)?.shape.length === 2) return layer
    const choice = linear.length > 0 ? listed(linear) : 'none'
    throw refusal(`no linear layer is called ${listed([layer])}; those that read ${width} features: ${choice}`)
  }
  // an embedding has no bias, and may be as wide as the LSTM by chance
  const withBias = linear.filter((layer) => arrays.get(`${layer}.bias`)?.shape.length === 1)
  if (withBias.length > 1) {
    throw refusal(
      `several layers could be the head: ${listed(withBias)}; choose one with ?head=${listed([withBias[0]])} or ?head=none`
    )
  }
  return withBias[0]
}
