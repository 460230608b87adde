import type { FileArray } from '../files/array.ts'
import type { Hdf5Object } from '../files/hdf5.ts'
import type { KerasFile } from '../files/keras.ts'
import { listed, refusal } from './imported.ts'
import type { KerasLayer } from './keras-config.ts'

/** Where the layers of a file of weights keep them, and what is there when nothing says what the layers are. */

const usual = {
  gate: { name: 'sigmoid' },
  candidate: { name: 'tanh' },
  returnSequences: true,
  goBackwards: false,
  units: undefined
} as const

/**
 * The arrays of a layer, in Keras's order: kernel, recurrent_kernel, bias; a bidirectional one has those of the forward
 * direction first. A dense one has kernel, bias.
 */
export function kerasArrays(
  { weights, form }: KerasFile,
  layer: { name: string; place: string; kind: string }
): FileArray[] {
  return form === 'legacy' ? byName(weights, layer.name) : byPlace(weights, layer)
}

function byName(weights: Hdf5Object, name: string): FileArray[] {
  const group = weights.find(name)
  return weightNames(group).map((weight) => {
    const array = group?.find(weight)?.array()
    if (array === undefined)
      throw refusal(`layer ${listed([name])} should have a dataset ${listed([weight])}, and has none`)
    return array
  })
}

/** A long list is divided into attributes weight_names0, weight_names1, …, for an attribute holds 64 KiB at most. */
function weightNames(group: Hdf5Object | undefined): string[] {
  return group === undefined ? [] : chunked(group, 'weight_names')
}

function chunked(object: Hdf5Object, attribute: string): string[] {
  const whole = object.strings(attribute)
  if (whole !== undefined) return whole
  const all: string[] = []
  for (let k = 0; k < 10_000; k++) {
    const part = object.strings(`${attribute}${k}`)
    if (part === undefined) break
    all.push(...part)
  }
  return all
}

function byPlace(
  weights: Hdf5Object,
  { name, place, kind }: { name: string; place: string; kind: string }
): FileArray[] {
  const group = layerFolder(weights).find(place)
  if (group === undefined)
    throw refusal(`layer ${listed([name])} should have its weights in layers/${place}, and there is nothing`)
  const [stored] = group.find('vars')?.strings('name') ?? []
  // a layer inside of another, as of TimeDistributed, has a name of its own
  if (stored !== undefined && name !== '' && stored !== name && !place.includes('/')) {
    throw refusal(`layers/${place} holds the weights of ${listed([stored])}, not of ${listed([name])}`)
  }
  const paths =
    kind === 'lstm'
      ? ['cell/vars']
      : kind === 'bidirectional'
        ? ['forward_layer/cell/vars', 'backward_layer/cell/vars']
        : ['vars']
  return paths.flatMap((path) => variables(group.find(path)))
}

function layerFolder(weights: Hdf5Object): Hdf5Object {
  return weights.find('layers') ?? weights.find('_layer_checkpoint_dependencies') ?? weights
}

/** The datasets 0, 1, … of a group. */
function variables(group: Hdf5Object | undefined): FileArray[] {
  const arrays: FileArray[] = []
  for (let k = 0; ; k++) {
    const array = group?.find(String(k))?.array()
    if (array === undefined) return arrays
    arrays.push(array)
  }
}

/**
 * The layers of a file that has no configuration: those whose weights show what they are. Their activations are
 * taken to be the usual ones.
 * @throws LSTM_ERR_INVALID_PARAMETER_SET where their order is not known
 */
export function layersWithoutConfig({ weights, form }: KerasFile): KerasLayer[] {
  return form === 'legacy' ? layersByName(weights) : layersByPlace(weights)
}

function layersByName(weights: Hdf5Object): KerasLayer[] {
  return chunked(weights, 'layer_names').map((name): KerasLayer => {
    const names = weightNames(weights.find(name))
    const isLstm = names.some((each) => /(^|\/)recurrent_kernel(:0)?$/.test(each))
    if (isLstm)
      return lstmLayer(
        name,
        name,
        names.some((each) => each.includes('backward'))
      )
    if (names.length === 0) return { kind: 'nothing', name }
    const isDense = names.every((each) => /(^|\/)(kernel|bias)(:0)?$/.test(each))
    return isDense
      ? { kind: 'dense', name, place: name, activation: undefined }
      : { kind: 'other', name, className: 'layer' }
  })
}

function layersByPlace(weights: Hdf5Object): KerasLayer[] {
  const found: KerasLayer[] = []
  const rest: KerasLayer[] = []
  const kinds = new Set<string>()
  for (const [place, group] of [...layerFolder(weights).members()].sort(([a], [b]) => counter(a) - counter(b))) {
    const bidirectional = group.find('forward_layer/cell/vars/1') !== undefined
    if (bidirectional || group.find('cell/vars/1') !== undefined) {
      kinds.add(place.replace(/_\d+$/, ''))
      found.push(lstmLayer('', place, bidirectional))
      continue
    }
    const inner = group.find('layer/vars/0') === undefined ? place : `${place}/layer`
    const arrays = variables(layerFolder(weights).find(`${inner}/vars`))
    if (arrays.length > 0 && arrays.length <= 2 && arrays[0].shape.length === 2) {
      rest.push({ kind: 'dense', name: '', place: inner, activation: undefined })
    } else if (arrays.length > 0) {
      rest.push({ kind: 'other', name: place, className: 'layer' })
    }
  }
  if (kinds.size > 1) {
    throw refusal(
      `the file has ${listed([...kinds])} layers and does not say in which order; save the whole model: model.save("model.keras")`
    )
  }
  return [...found, ...rest]
}

/** `lstm` before `lstm_1` before `lstm_10`. */
const counter = (place: string): number => Number(/_(\d+)$/.exec(place)?.[1] ?? 0)

function lstmLayer(name: string, place: string, bidirectional: boolean): KerasLayer {
  if (bidirectional) return { kind: 'bidirectional', name, place, lstm: usual, merge: 'concat' }
  return { kind: 'lstm', name, place, lstm: usual }
}
