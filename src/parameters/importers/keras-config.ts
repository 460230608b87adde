import type { Activation, HeadActivation } from '../../lstm/model.ts'
import { kerasActivation } from './activations.ts'
import { listed, refusal } from './imported.ts'

/** A layer of a Keras model, as far as it matters here. */
export type KerasLayer =
  | { readonly kind: 'lstm'; readonly name: string; readonly place: string; readonly lstm: KerasLstm }
  | {
      readonly kind: 'bidirectional'
      readonly name: string
      readonly place: string
      readonly lstm: KerasLstm
      readonly merge: unknown
    }
  | {
      readonly kind: 'dense'
      readonly name: string
      readonly place: string
      /** Undefined where the file does not say. */
      readonly activation: HeadActivation | undefined
    }
  | { readonly kind: 'activation'; readonly name: string; readonly activation: HeadActivation }
  /** It hands on what it gets when nothing is being trained. */
  | { readonly kind: 'nothing'; readonly name: string }
  | { readonly kind: 'other'; readonly name: string; readonly className: string }

interface KerasLstm {
  readonly gate: Activation
  readonly candidate: Activation
  readonly returnSequences: boolean
  readonly goBackwards: boolean
  /** Of the recurrent weights' rows, to compare with; undefined where the file does not say. */
  readonly units: number | undefined
}

const handingOn = new Set([
  'InputLayer',
  'Dropout',
  'SpatialDropout1D',
  'GaussianNoise',
  'GaussianDropout',
  'ActivityRegularization'
])
const headActivations = new Set(['softmax', 'sigmoid', 'linear'])
const MAX_LAYERS = 10_000
/** A configuration nests its layers this deep; a hostile one could nest millions. */
const MAX_NESTING = 16

type Json = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const object = (value: unknown): Json => (isObject(value) ? value : {})
const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/**
 * The layers of a configuration in the order in which data goes through them.
 * @throws LSTM_ERR_INVALID_PARAMETER_SET for a model that is no chain of layers, or an LSTM that is not served
 */
export function kerasLayers(config: unknown, version: 2 | 3): KerasLayer[] {
  const model = object(config)
  const inner = object(model.config)
  const className = text(model.class_name)
  // Keras 1 had the layers of a Sequential as the configuration itself
  const list = Array.isArray(model.config) ? model.config : inner.layers
  if (!Array.isArray(list)) {
    throw refusal(
      `the configuration is of a ${listed([className])}, which says nothing of its layers; only Sequential and Functional models do`
    )
  }
  if (list.length > MAX_LAYERS) throw refusal(`the model has ${list.length} layers; at most ${MAX_LAYERS} are read`)
  const counts = new Map<string, number>()
  let previous: string | undefined
  return list.map((entry: unknown) => {
    const layer = object(entry)
    const type = text(layer.class_name)
    const settings = object(layer.config)
    const name = text(settings.name) || text(layer.name)
    const count = counts.get(type) ?? 0
    counts.set(type, count + 1)
    const place = count === 0 ? snakeCase(type) : `${snakeCase(type)}_${count}`
    const sources = inbound(layer.inbound_nodes)
    const chained = sources === undefined || sources.length === 0 || (sources.length === 1 && sources[0] === previous)
    previous = name
    if (!chained) return { kind: 'other', name, className: `${type}, which does not follow on the layer before it` }
    return read(type, name, place, settings, version)
  })
}

function read(type: string, name: string, place: string, settings: Json, version: 2 | 3): KerasLayer {
  if (handingOn.has(type)) return { kind: 'nothing', name }
  if (type === 'LSTM') return { kind: 'lstm', name, place, lstm: readLstm(name, settings, version) }
  if (type === 'Bidirectional') {
    const wrapped = object(settings.layer)
    if (text(wrapped.class_name) !== 'LSTM')
      return { kind: 'other', name, className: `Bidirectional of ${text(wrapped.class_name)}` }
    const lstm = readLstm(name, object(wrapped.config), version)
    const backward = object(object(settings.backward_layer).config)
    if (lstm.goBackwards || backward.go_backwards === false) {
      throw refusal(
        `layer ${listed([name])} has its forward and backward layers the other way round; such are not served`
      )
    }
    return { kind: 'bidirectional', name, place, lstm, merge: settings.merge_mode ?? 'concat' }
  }
  if (type === 'TimeDistributed') {
    const wrapped = object(settings.layer)
    const inner = read(text(wrapped.class_name), name, place, object(wrapped.config), version)
    return inner.kind === 'dense' ? { ...inner, place: `${place}/layer` } : inner
  }
  if (type === 'Dense') {
    const activation = settings.activation ?? 'linear'
    if (!headActivations.has(activation as string)) {
      return { kind: 'other', name, className: `Dense with activation ${listed([String(activation)])}` }
    }
    return { kind: 'dense', name, place, activation: activation as HeadActivation }
  }
  const activation = type === 'Softmax' ? 'softmax' : type === 'Activation' ? settings.activation : undefined
  if (headActivations.has(activation as string))
    return { kind: 'activation', name, activation: activation as HeadActivation }
  return { kind: 'other', name, className: type }
}

function readLstm(name: string, settings: Json, version: 2 | 3): KerasLstm {
  const activation = (setting: string, initial: string): Activation => {
    const value = setting in settings ? settings[setting] : initial
    const known = kerasActivation(value, version)
    if (known !== undefined) return known
    throw refusal(`layer ${listed([name])} has ${setting} ${listed([JSON.stringify(value)])}, which is not served`)
  }
  return {
    gate: activation('recurrent_activation', 'sigmoid'),
    candidate: activation('activation', 'tanh'),
    returnSequences: settings.return_sequences === true,
    goBackwards: settings.go_backwards === true,
    units: typeof settings.units === 'number' ? settings.units : undefined
  }
}

/**
 * The names of the layers whose output a layer reads; undefined where the model is Sequential. Both generations write a
 * reference as [name, number, number].
 */
function inbound(nodes: unknown): string[] | undefined {
  if (nodes === undefined) return undefined
  const names: string[] = []
  const walk = (value: unknown, nesting: number): void => {
    if (nesting > MAX_NESTING || typeof value !== 'object' || value === null) return
    if (Array.isArray(value) && typeof value[0] === 'string' && typeof value[1] === 'number') names.push(value[0])
    else for (const each of Object.values(value)) walk(each, nesting + 1)
  }
  walk(nodes, 0)
  return names
}

/** How Keras 3 names the group of a layer's weights: after its class, not after the layer. */
function snakeCase(className: string): string {
  return className
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
}
