/**
 * The order in which kernels with vectors of `lanes` floats read weights: panels of 4·lanes outputs, K inputs
 * outermost, so that a pass over a panel is one linear stream.
 *
 * A layer, with `blocks` = ceil(n_a / lanes):
 * bias (blocks, 4, lanes) | Wx (blocks, n_x, 4, lanes) | Wa (blocks, n_h, 4, lanes),
 * the last two axes being the gates f, i, c, o and so many units. Wa may also lie there in words of 32 bits as
 * bfloat16: (blocks, n_h, 2, lanes), f in the lower and i in the upper half, then c and o; or as
 * int8: scales (blocks, 4, lanes) | (blocks, n_h, lanes), a byte for each gate, which holds 128 more than its number.
 * Then, where the layer has them, | peepholes (blocks, 4, lanes), those of c being 0, | Wp as the weights of a head of
 * n_h outputs whose bias is 0 (head-packing.ts). Units that fill up the last block have weight 0 and bias 0.
 */
import { headLength, headRow, packHeadInto, unpackHeadFrom } from './head-packing.ts'
import type { LayerWeights, PackedHead, PackedLayer } from './kernel.ts'
import { withOptions } from './options.ts'
import { bfloat16Bits, fromBfloat16Bits, quantize } from './precision.ts'

const roundUp = (n: number, step: number): number => Math.ceil(n / step) * step

/** Floats of one row's pre-activations, which is those of a packed layer's bias. */
export const layerRow = (n_a: number, lanes: number): number => roundUp(n_a, lanes) * 4

/** Floats of one row's ot∘output(c_next) on its way to the projection. */
export const hiddenRow = (n_a: number, lanes: number): number => roundUp(n_a, lanes)

/** Floats of scratch that one row takes: its pre-activations, and both ends of its projection. */
export const scratchRow = ({ n_a, n_h, options }: Omit<LayerShape, 'n_x' | 'precision'>, lanes: number): number =>
  layerRow(n_a, lanes) + (options?.projection ? hiddenRow(n_a, lanes) + headRow(n_h, lanes) : 0)

const wordsOfWeight = { float32: 1, bfloat16: 1 / 2, int8: 1 / 4 }

/** What decides where the parts of a packed layer lie. */
type LayerShape = Omit<PackedLayer, 'kernel' | 'memory'>

/** Where the parts begin, in floats; the bias is the first. What the layer does not have is left out. */
export interface LayerPlaces {
  readonly Wx: number
  readonly Wa: number
  readonly peepholes?: number
  readonly Wp?: number
  readonly length: number
}

export function layerPlaces({ n_x, n_a, n_h, precision, options }: LayerShape, lanes: number): LayerPlaces {
  const row = layerRow(n_a, lanes)
  const Wx = row
  const Wa = Wx + row * n_x
  const peepholes = Wa + row * ((precision === 'int8' ? 1 : 0) + n_h * wordsOfWeight[precision])
  const Wp = peepholes + (options?.peepholes ? row : 0)
  const length = Wp + (options?.projection ? headLength(n_a, n_h, lanes) : 0)
  return { Wx, Wa, ...(options?.peepholes && { peepholes }), ...(options?.projection && { Wp }), length }
}

/** Where unit's weight for a gate and the first input lies in (blocks, K, 4, lanes); the next input's is 4·lanes on. */
const panelIndex = (unit: number, gate: number, K: number, lanes: number): number => {
  const block = Math.floor(unit / lanes)
  return block * K * 4 * lanes + gate * lanes + (unit - block * lanes)
}

/** Where the weights of a unit for a gate lie: each of K inputs in (blocks, K, 4, lanes) from `values` on. */
interface PackedRow {
  read(k: number): number
  write(row: Float32Array): void
}

/** `scales` is how many there are, of all units and gates: the floats before the weights where these are int8. */
type RowOf = (values: Float32Array, unit: number, gate: number, K: number, lanes: number, scales: number) => PackedRow

const float32Row: RowOf = (values, unit, gate, K, lanes) => {
  const at = panelIndex(unit, gate, K, lanes)
  return {
    read: (k) => values[at + k * 4 * lanes],
    write: (row) => {
      for (let k = 0; k < K; k++) values[at + k * 4 * lanes] = row[k]
    }
  }
}

const bfloat16Row: RowOf = (values, unit, gate, K, lanes) => {
  const halves = new Uint16Array(values.buffer, values.byteOffset, 2 * values.length)
  const block = Math.floor(unit / lanes)
  const lane = unit - block * lanes
  const at = 2 * (block * K * 2 * lanes + (gate >> 1) * lanes + lane) + (gate & 1)
  return {
    read: (k) => fromBfloat16Bits(halves[at + k * 4 * lanes]),
    write: (row) => {
      for (let k = 0; k < K; k++) halves[at + k * 4 * lanes] = bfloat16Bits(row[k])
    }
  }
}

const int8Row: RowOf = (values, unit, gate, K, lanes, scales) => {
  const bytes = new Uint8Array(values.buffer, values.byteOffset + 4 * scales, 4 * (values.length - scales))
  const scaleAt = panelIndex(unit, gate, 1, lanes)
  const block = Math.floor(unit / lanes)
  const at = 4 * (block * K * lanes + (unit - block * lanes)) + gate
  return {
    read: (k) => Math.fround((bytes[at + k * 4 * lanes] - 128) * values[scaleAt]),
    write: (row) => {
      const quantized = quantize(row)
      values[scaleAt] = quantized.scale
      for (let k = 0; k < K; k++) bytes[at + k * 4 * lanes] = quantized.values[k] + 128
    }
  }
}

const recurrentRow = { float32: float32Row, bfloat16: bfloat16Row, int8: int8Row }

/** The rows of every unit and gate in a packed layer: its bias, Wx, Wa and peephole, in the gates' order f, i, c, o. */
function layerRows(packed: Float32Array, shape: LayerShape, lanes: number) {
  const { n_x, n_a, n_h, precision } = shape
  const places = layerPlaces(shape, lanes)
  const scales = layerRow(n_a, lanes)
  const Wx = packed.subarray(places.Wx)
  const Wa = packed.subarray(places.Wa)
  const peepholes = packed.subarray(places.peepholes)
  return (unit: number, gate: number) => ({
    bias: float32Row(packed, unit, gate, 1, lanes, scales),
    input: float32Row(Wx, unit, gate, n_x, lanes, scales),
    recurrent: recurrentRow[precision](Wa, unit, gate, n_h, lanes, scales),
    peephole: float32Row(peepholes, unit, gate, 1, lanes, scales)
  })
}

/**
 * @param layer what is made of the weights; its memory is overwritten
 * @param pause is called between units
 */
export function packLayerInto(layer: PackedLayer, weights: LayerWeights, lanes: number, pause?: () => void): void {
  const { n_x, n_a, n_h, memory } = layer
  const W = [weights.Wf, weights.Wi, weights.Wc, weights.Wo] // (n_a, n_h + n_x) each
  const b = [weights.bf, weights.bi, weights.bc, weights.bo] // (n_a, 1) each
  const { pf, pi, po } = weights.peepholes ?? {}
  const p = [pf, pi, undefined, po] // (n_a) each
  memory.fill(0)
  const rowsOf = layerRows(memory, layer, lanes)
  for (let unit = 0; unit < n_a; unit++) {
    pause?.()
    const at = unit * (n_h + n_x)
    for (let gate = 0; gate < 4; gate++) {
      const { bias, input, recurrent, peephole } = rowsOf(unit, gate)
      bias.write(b[gate].subarray(unit, unit + 1))
      // The hidden state comes first in W's columns.
      recurrent.write(W[gate].subarray(at, at + n_h))
      input.write(W[gate].subarray(at + n_h, at + n_h + n_x))
      const peepholes = p[gate]
      if (peepholes !== undefined) peephole.write(peepholes.subarray(unit, unit + 1))
    }
  }
  if (weights.Wp === undefined) return
  const head = projectionOf(layer, lanes)
  packHeadInto(head.memory, { ...head, Wy: weights.Wp, by: new Float32Array(n_h) }, lanes)
}

/** Wp as a head of n_h outputs. */
function projectionOf(layer: PackedLayer, lanes: number): PackedHead {
  const { n_a, n_h, memory } = layer
  return { n_a, n_y: n_h, activation: 'linear', memory: memory.subarray(layerPlaces(layer, lanes).Wp) }
}

export function unpackLayerFrom(layer: PackedLayer, lanes: number): LayerWeights {
  const { n_x, n_a, n_h, options, memory } = layer
  const W = [0, 1, 2, 3].map(() => new Float32Array(n_a * (n_h + n_x)))
  const b = [0, 1, 2, 3].map(() => new Float32Array(n_a))
  const p = [0, 1, 2, 3].map(() => new Float32Array(options?.peepholes ? n_a : 0))
  const rowsOf = layerRows(memory, layer, lanes)
  for (let unit = 0; unit < n_a; unit++) {
    const at = unit * (n_h + n_x)
    for (let gate = 0; gate < 4; gate++) {
      const { bias, input, recurrent, peephole } = rowsOf(unit, gate)
      b[gate][unit] = bias.read(0)
      for (let k = 0; k < n_h; k++) W[gate][at + k] = recurrent.read(k)
      for (let k = 0; k < n_x; k++) W[gate][at + n_h + k] = input.read(k)
      if (options?.peepholes) p[gate][unit] = peephole.read(0)
    }
  }
  const [Wf, Wi, Wc, Wo] = W
  const [bf, bi, bc, bo] = b
  const plain = { n_x, n_a, n_h, Wf, bf, Wi, bi, Wc, bc, Wo, bo }
  if (options === undefined) return plain
  const [pf, pi, , po] = p
  const Wp = options.projection ? unpackHeadFrom(projectionOf(layer, lanes), lanes).Wy : undefined
  return withOptions(plain, options, { Wp, peepholes: { pf, pi, po } })
}
