/**
 * The order in which kernels with vectors of `lanes` floats read weights: panels of 4·lanes outputs, K inputs
 * outermost, so that a pass over a panel is one linear stream.
 *
 * A layer, with `blocks` = ceil(n_a / lanes):
 * bias (blocks, 4, lanes) | Wx (blocks, n_x, 4, lanes) | Wa (blocks, n_a, 4, lanes),
 * the last two axes being the gates f, i, c, o and so many units.
 * A head, with `panels` = ceil(n_y / (4·lanes)):  by (panels, 4·lanes) | Wy (panels, n_a, 4·lanes).
 * Units and outputs that fill up the last panel have weight 0; their bias is 0 in a layer, and in a head the lowest
 * finite float, so that softmax never takes them for the largest.
 */
import type { HeadWeights, LayerWeights } from './kernel.ts'

const LOWEST_FLOAT = -3.4028234663852886e38

const roundUp = (n: number, step: number): number => Math.ceil(n / step) * step

/** Floats of one row's pre-activations, which is those of a packed layer's bias. */
export const layerRow = (n_a: number, lanes: number): number => roundUp(n_a, lanes) * 4

/** Floats of one row of a head's outputs before softmax, which is those of its bias. */
export const headRow = (n_y: number, lanes: number): number => roundUp(n_y, 4 * lanes)

/** Floats of a packed layer. */
export const layerLength = (n_x: number, n_a: number, lanes: number): number => layerRow(n_a, lanes) * (1 + n_x + n_a)

/** Floats of a packed head. */
export const headLength = (n_a: number, n_y: number, lanes: number): number => headRow(n_y, lanes) * (1 + n_a)

/** Where unit's weight for a gate and the first input lies in (blocks, K, 4, lanes); the next input's is 4·lanes on. */
const panelIndex = (unit: number, gate: number, K: number, lanes: number): number => {
  const block = Math.floor(unit / lanes)
  return block * K * 4 * lanes + gate * lanes + (unit - block * lanes)
}

/**
 * Calls `move` for every stretch of weights that lies side by side in a row of W: `count` values from `index` in W of
 * that gate on, which lie from `packed` on, `stride` apart.
 */
function eachLayerRow(
  { n_x, n_a }: { readonly n_x: number; readonly n_a: number },
  lanes: number,
  move: (gate: number, index: number, packed: number, count: number, stride: number) => void
): void {
  const Wx = layerRow(n_a, lanes)
  const Wa = Wx * (1 + n_x)
  for (let unit = 0; unit < n_a; unit++) {
    const row = unit * (n_a + n_x)
    for (let gate = 0; gate < 4; gate++) {
      // The hidden state comes first in W's columns.
      move(gate, row, Wa + panelIndex(unit, gate, n_a, lanes), n_a, 4 * lanes)
      move(gate, row + n_a, Wx + panelIndex(unit, gate, n_x, lanes), n_x, 4 * lanes)
    }
  }
}

/** packed: (layerLength), overwritten */
export function packLayerInto(packed: Float32Array, weights: LayerWeights, lanes: number): void {
  const W = [weights.Wf, weights.Wi, weights.Wc, weights.Wo] // (n_a, n_a + n_x) each
  const b = [weights.bf, weights.bi, weights.bc, weights.bo] // (n_a, 1) each
  packed.fill(0)
  for (let unit = 0; unit < weights.n_a; unit++) {
    for (let gate = 0; gate < 4; gate++) packed[panelIndex(unit, gate, 1, lanes)] = b[gate][unit]
  }
  eachLayerRow(weights, lanes, (gate, index, at, count, stride) => {
    for (let k = 0; k < count; k++) packed[at + k * stride] = W[gate][index + k]
  })
}

export function unpackLayerFrom(packed: Float32Array, n_x: number, n_a: number, lanes: number): LayerWeights {
  const W = [0, 1, 2, 3].map(() => new Float32Array(n_a * (n_a + n_x)))
  const b = [0, 1, 2, 3].map(() => new Float32Array(n_a))
  for (let unit = 0; unit < n_a; unit++) {
    for (let gate = 0; gate < 4; gate++) b[gate][unit] = packed[panelIndex(unit, gate, 1, lanes)]
  }
  eachLayerRow({ n_x, n_a }, lanes, (gate, index, at, count, stride) => {
    for (let k = 0; k < count; k++) W[gate][index + k] = packed[at + k * stride]
  })
  const [Wf, Wi, Wc, Wo] = W
  const [bf, bi, bc, bo] = b
  return { n_x, n_a, Wf, bf, Wi, bi, Wc, bc, Wo, bo }
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

export function unpackHeadFrom(packed: Float32Array, n_a: number, n_y: number, lanes: number): HeadWeights {
  const Wy = new Float32Array(n_y * n_a)
  for (let j = 0; j < n_y; j++) {
    const at = headIndex(j, n_a, n_y, lanes)
    for (let k = 0; k < n_a; k++) Wy[j * n_a + k] = packed[at + k * 4 * lanes]
  }
  return { n_a, n_y, Wy, by: packed.slice(0, n_y) }
}
