/**
 * The order in which kernels with vectors of `lanes` floats read weights: panels of 4·lanes outputs, K inputs
 * outermost, so that a pass over a panel is one linear stream.
 *
 * A layer, with `blocks` = ceil(n_a / lanes):
 * bias (blocks, 4, lanes) | Wx (blocks, n_x, 4, lanes) | Wa (blocks, n_a, 4, lanes),
 * the last two axes being the gates f, i, c, o and so many units. Wa may also lie there in words of 32 bits as
 * bfloat16: (blocks, n_a, 2, lanes), f in the lower and i in the upper half, then c and o; or as
 * int8: scales (blocks, 4, lanes) | (blocks, n_a, lanes), a byte for each gate, which holds 128 more than its number.
 * A head, with `panels` = ceil(n_y / (4·lanes)):  by (panels, 4·lanes) | Wy (panels, n_a, 4·lanes).
 * Units and outputs that fill up the last panel have weight 0; their bias is 0 in a layer, and in a head the lowest
 * finite float, so that softmax never takes them for the largest.
 */
import type { HeadWeights, LayerWeights, PackedHead, PackedLayer } from './kernel.ts'
import { bfloat16Bits, fromBfloat16Bits, type Precision, quantize } from './precision.ts'

const LOWEST_FLOAT = -3.4028234663852886e38

const roundUp = (n: number, step: number): number => Math.ceil(n / step) * step

/** Floats of one row's pre-activations, which is those of a packed layer's bias. */
export const layerRow = (n_a: number, lanes: number): number => roundUp(n_a, lanes) * 4

/** Floats of one row of a head's outputs before softmax, which is those of its bias. */
export const headRow = (n_y: number, lanes: number): number => roundUp(n_y, 4 * lanes)

const wordsOfWeight = { float32: 1, bfloat16: 1 / 2, int8: 1 / 4 }

/** Floats of a packed layer. */
export const layerLength = (n_x: number, n_a: number, lanes: number, precision: Precision): number =>
  layerRow(n_a, lanes) * (1 + n_x + (precision === 'int8' ? 1 : 0) + n_a * wordsOfWeight[precision])

/** Floats of a packed head. */
export const headLength = (n_a: number, n_y: number, lanes: number): number => headRow(n_y, lanes) * (1 + n_a)

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

function float32Row(values: Float32Array, unit: number, gate: number, K: number, lanes: number): PackedRow {
  const at = panelIndex(unit, gate, K, lanes)
  return {
    read: (k) => values[at + k * 4 * lanes],
    write: (row) => {
      for (let k = 0; k < K; k++) values[at + k * 4 * lanes] = row[k]
    }
  }
}

function bfloat16Row(values: Float32Array, unit: number, gate: number, K: number, lanes: number): PackedRow {
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

function int8Row(values: Float32Array, unit: number, gate: number, K: number, lanes: number): PackedRow {
  const scales = Math.ceil(K / lanes) * 4 * lanes // as many units as inputs: only recurrent weights lie like this
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

/** The rows of every unit and gate in a packed layer: its bias, Wx and Wa, in the gates' order f, i, c, o. */
function layerRows(packed: Float32Array, n_x: number, n_a: number, lanes: number, precision: Precision) {
  const row = layerRow(n_a, lanes)
  const Wx = packed.subarray(row, row * (1 + n_x))
  const Wa = packed.subarray(row * (1 + n_x))
  return (unit: number, gate: number) => ({
    bias: float32Row(packed, unit, gate, 1, lanes),
    input: float32Row(Wx, unit, gate, n_x, lanes),
    recurrent: recurrentRow[precision](Wa, unit, gate, n_a, lanes)
  })
}

/**
 * @param packed (layerLength), overwritten
 * @param pause is called between units
 */
export function packLayerInto(
  packed: Float32Array,
  weights: LayerWeights,
  lanes: number,
  precision: Precision,
  pause?: () => void
): void {
  const { n_x, n_a } = weights
  const W = [weights.Wf, weights.Wi, weights.Wc, weights.Wo] // (n_a, n_a + n_x) each
  const b = [weights.bf, weights.bi, weights.bc, weights.bo] // (n_a, 1) each
  packed.fill(0)
  const rowsOf = layerRows(packed, n_x, n_a, lanes, precision)
  for (let unit = 0; unit < n_a; unit++) {
    pause?.()
    const at = unit * (n_a + n_x)
    for (let gate = 0; gate < 4; gate++) {
      const { bias, input, recurrent } = rowsOf(unit, gate)
      bias.write(b[gate].subarray(unit, unit + 1))
      // The hidden state comes first in W's columns.
      recurrent.write(W[gate].subarray(at, at + n_a))
      input.write(W[gate].subarray(at + n_a, at + n_a + n_x))
    }
  }
}

export function unpackLayerFrom({ n_x, n_a, precision, memory }: PackedLayer, lanes: number): LayerWeights {
  const W = [0, 1, 2, 3].map(() => new Float32Array(n_a * (n_a + n_x)))
  const b = [0, 1, 2, 3].map(() => new Float32Array(n_a))
  const rowsOf = layerRows(memory, n_x, n_a, lanes, precision)
  for (let unit = 0; unit < n_a; unit++) {
    const at = unit * (n_a + n_x)
    for (let gate = 0; gate < 4; gate++) {
      const { bias, input, recurrent } = rowsOf(unit, gate)
      b[gate][unit] = bias.read(0)
      for (let k = 0; k < n_a; k++) W[gate][at + k] = recurrent.read(k)
      for (let k = 0; k < n_x; k++) W[gate][at + n_a + k] = input.read(k)
    }
  }
  const [Wf, Wi, Wc, Wo] = W
  const [bf, bi, bc, bo] = b
  return { n_x, n_a, n_h: n_a, Wf, bf, Wi, bi, Wc, bc, Wo, bo }
}

/** Where output j's weights begin in a packed head. */
const headIndex = (j: number, n_a: number, n_y: number, lanes: number): number => {
  const panel = Math.floor(j / (4 * lanes))
  return headRow(n_y, lanes) + panel * n_a * 4 * lanes + (j - panel * 4 * lanes)
}

/** packed: (headLength), overwritten */
export function packHeadInto(packed: Float32Array, { n_a, n_y, Wy, by }: HeadWeights, lanes: number): void {
  const bias = headRow(n_y, lanes)
  packed.fill(LOWEST_FLOAT, 0, bias)
  packed.fill(0, bias)
  packed.set(by)
  for (let j = 0; j < n_y; j++) {
    const at = headIndex(j, n_a, n_y, lanes)
    for (let k = 0; k < n_a; k++) packed[at + k * 4 * lanes] = Wy[j * n_a + k]
  }
}

export function unpackHeadFrom({ n_a, n_y, activation, memory: packed }: PackedHead, lanes: number): HeadWeights {
  const Wy = new Float32Array(n_y * n_a)
  for (let j = 0; j < n_y; j++) {
    const at = headIndex(j, n_a, n_y, lanes)
    for (let k = 0; k < n_a; k++) Wy[j * n_a + k] = packed[at + k * 4 * lanes]
  }
  return { n_a, n_y, Wy, by: packed.slice(0, n_y), activation }
}
