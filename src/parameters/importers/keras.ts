import { type DirectionWeights, type ModelHead, type ModelLayer, widthOf } from '../../lstm/model.ts'
import type { FileArray } from '../files/array.ts'
import type { KerasFile } from '../files/keras.ts'
import { unlessDefault } from './activations.ts'
import { fromKeras } from './gates.ts'
import {
  chooseLstm,
  expectLengths,
  headActivation,
  type ImportedModel,
  type ImportSettings,
  listed,
  refusal
} from './imported.ts'
import { type KerasLayer, kerasLayers } from './keras-config.ts'
import { kerasArrays, layersWithoutConfig } from './keras-weights.ts'

type LstmLayer = Extract<KerasLayer, { kind: 'lstm' | 'bidirectional' }>
type DenseLayer = Extract<KerasLayer, { kind: 'dense' }>

const isLstm = (layer: KerasLayer): layer is LstmLayer => layer.kind === 'lstm' || layer.kind === 'bidirectional'
/** What a layer is called in messages and settings: by its name, or by its place where the file has no names. */
const title = (layer: KerasLayer): string => layer.name || ('place' in layer ? layer.place : '')

/**
 * A model from a Keras file: LSTM and Bidirectional layers one on the other, and a Dense layer behind them as the head.
 * @throws LSTM_ERR_INVALID_PARAMETER_SET where the file holds more or something else, with the setting that makes it clear
 * @throws LSTM_ERR_SHAPE_MISMATCH
 */
export function importKeras(file: KerasFile, settings: ImportSettings): ImportedModel {
  const layers = file.config === undefined ? layersWithoutConfig(file) : kerasLayers(file.config, file.version)
  const run = chooseRun(layers, settings)
  const first = layers.indexOf(run[0])
  const behind = layers.slice(layers.indexOf(run[run.length - 1]) + 1)
  const stack: ModelLayer[] = []
  for (const layer of run) stack.push(readLayer(file, layer, layer !== run[run.length - 1]))

  const dense = chooseHead(behind, settings)
  const next =
    dense === undefined ? undefined : behind.slice(behind.indexOf(dense) + 1).find(({ kind }) => kind !== 'nothing')
  const activation = next?.kind === 'activation' && dense?.activation === 'linear' ? next : undefined
  const leftOut = [...layers.slice(0, first), ...behind].filter(
    (layer) => layer.kind !== 'nothing' && layer !== dense && layer !== activation
  )
  if (leftOut.length > 0 && settings.prefix === undefined && settings.head === undefined) {
    const names = leftOut.map((layer) => `${title(layer)} (${layer.kind === 'other' ? layer.className : layer.kind})`)
    throw refusal(
      `besides the LSTM${dense === undefined ? '' : ' and its head'}, the model has ${listed(names)}; ?prefix=${listed([title(run[0])])} says to leave them out`
    )
  }
  const head =
    dense === undefined
      ? undefined
      : readHead(file, dense, activation?.activation, widthOf(stack[stack.length - 1]), settings)
  if (head === undefined && settings.head_activation !== undefined) {
    throw refusal(`head_activation=${settings.head_activation}, but there is no head: no Dense layer follows the LSTM`)
  }
  return {
    model: { layers: stack, ...(head === undefined ? {} : { head }) },
    source: {
      convention: 'keras',
      lstm: run.map(title).join(', '),
      head: dense === undefined ? null : title(dense),
      lastOnly: run[run.length - 1].lstm.returnSequences === false,
      leftOut: leftOut.map(title).slice(0, 100)
    }
  }
}

/** LSTM layers one behind the other, with nothing between them that changes anything. */
function chooseRun(layers: readonly KerasLayer[], settings: ImportSettings): LstmLayer[] {
  const runs = new Map<string, LstmLayer[]>()
  let run: LstmLayer[] | undefined
  for (const layer of layers) {
    if (layer.kind === 'nothing') continue
    if (!isLstm(layer)) {
      run = undefined
    } else if (run === undefined) {
      run = [layer]
      runs.set(title(layer), run)
    } else {
      run.push(layer)
    }
  }
  if (runs.size === 0) {
    throw refusal(
      `no LSTM in this file; its layers are ${listed(layers.map((layer) => `${title(layer)} (${layer.kind === 'other' ? layer.className : layer.kind})`))}`
    )
  }
  return runs.get(chooseLstm([...runs.keys()], settings)) as LstmLayer[]
}

function chooseHead(behind: readonly KerasLayer[], { head }: ImportSettings): DenseLayer | undefined {
  if (head === 'none') return undefined
  const dense = behind.filter((layer): layer is DenseLayer => layer.kind === 'dense')
  if (head === undefined) {
    const next = behind.find(({ kind }) => kind !== 'nothing')
    if (next?.kind === 'dense' && next.activation === undefined && dense.length > 1) {
      throw refusal(
        `several layers could be the head: ${listed(dense.map(title))}; choose one with ?head=${listed([title(next)])} or ?head=none`
      )
    }
    return next?.kind === 'dense' ? next : undefined
  }
  const named = dense.find((layer) => title(layer) === head)
  if (named === undefined)
    throw refusal(`no Dense layer behind the LSTM is called ${listed([head])}; there are ${listed(dense.map(title))}`)
  return named
}

function readLayer(file: KerasFile, layer: LstmLayer, isBelow: boolean): ModelLayer {
  const { lstm } = layer
  const where = `layer ${listed([title(layer)])}`
  if (isBelow && !lstm.returnSequences)
    throw refusal(`${where} gives only its last step to the layer above it; such are not served`)
  const arrays = kerasArrays(file, layer)
  if (layer.kind === 'lstm') {
    if (lstm.goBackwards)
      throw refusal(`${where} goes backwards and gives its steps backwards too; such are not served`)
    return { forward: readDirection(layer, where, arrays) }
  }
  if (layer.merge !== 'concat') {
    throw refusal(`${where} merges its directions by ${listed([JSON.stringify(layer.merge)])}; only "concat" is served`)
  }
  const half = arrays.length / 2
  return {
    forward: readDirection(layer, `${where}, forward`, arrays.slice(0, half)),
    reverse: readDirection(layer, `${where}, backward`, arrays.slice(half))
  }
}

function readDirection({ lstm }: LstmLayer, where: string, arrays: readonly FileArray[]): DirectionWeights {
  const [kernel, recurrent, bias] = arrays
  if (arrays.length < 2 || arrays.length > 3) {
    throw refusal(`${where} has ${arrays.length} arrays; an LSTM has kernel, recurrent_kernel and often bias`)
  }
  const n_x = kernel.shape[0] ?? 0
  const n_a = recurrent.shape[0] ?? 0
  if (recurrent.shape[1] === 3 * n_a) throw refusal(`${where} has three gates: a GRU, not an LSTM`)
  expectLengths(`${where}: kernel`, kernel.shape, '(n_x, 4·n_a)', [n_x, 4 * n_a])
  expectLengths(`${where}: recurrent_kernel`, recurrent.shape, '(n_a, 4·n_a)', [n_a, 4 * n_a])
  if (bias !== undefined) expectLengths(`${where}: bias`, bias.shape, '(4·n_a,)', [4 * n_a])
  if (lstm.units !== undefined && lstm.units !== n_a)
    throw refusal(`${where} should have ${lstm.units} units; its weights have ${n_a}`)
  const weights = { kernel: kernel.read().data, recurrent_kernel: recurrent.read().data, bias: bias?.read().data }
  const { gate, candidate } = lstm
  return { ...fromKeras(weights, n_x, n_a), ...unlessDefault({ gate, candidate, output: candidate }) }
}

function readHead(
  file: KerasFile,
  dense: DenseLayer,
  behind: ModelHead['activation'] | undefined,
  width: number,
  settings: ImportSettings
): ModelHead {
  const where = `layer ${listed([title(dense)])}`
  const [kernel, bias] = kerasArrays(file, dense)
  if (kernel === undefined) throw refusal(`${where} has no weights`)
  const n_y = kernel.shape[1] ?? 0
  expectLengths(`${where}: kernel`, kernel.shape, '(n_h, n_y)', [width, n_y])
  if (bias !== undefined) expectLengths(`${where}: bias`, bias.shape, '(n_y,)', [n_y])
  const stored = kernel.read().data
  const Wy = new Float32Array(n_y * width)
  for (let r = 0; r < n_y; r++) for (let c = 0; c < width; c++) Wy[r * width + c] = stored[c * n_y + r]
  const activation = headActivation(behind ?? dense.activation, 'linear', settings)
  return { n_y, Wy, by: bias?.read().data ?? new Float32Array(n_y), activation }
}
