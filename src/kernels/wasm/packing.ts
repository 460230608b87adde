/**
 * The order in which the kernel reads weights: panels of 16 outputs, K inputs outermost, so that a pass over a panel
 * is one linear stream.
 *
 * A layer, with `blocks` = ceil(n_a / 4):  bias (blocks, 4, 4) | Wx (blocks, n_x, 4, 4) | Wa (blocks, n_a, 4, 4),
 * the last two axes being the gates f, i, c, o and 4 units.
 * A head, with `panels` = ceil(n_y / 16):  by (panels, 16) | Wy (panels, n_a, 16).
 * Units and outputs that fill up the last panel have weight 0; their bias is 0 in a layer, and in a head the lowest
 * finite float, so that softmax never takes them for the largest.
 */
import type { HeadWeights, LayerWeights } from '../kernel.ts'

const LOWEST_FLOAT = -3.4028234663852886e38

/** Floats of a packed layer. */
export const layerLength = (n_x: number, n_a: number): number => Math.ceil(n_a / 4) * 16 * (1 + n_x + n_a)

/** Floats of a packed head. */
export const headLength = (n_a: number, n_y: number): number => Math.ceil(n_y / 16) * 16 * (1 + n_a)

/** Calls `move(index in packed, gate, index in W of that gate)` for every weight. */
function eachLayerWeight(n_x: number, n_a: number, move: (packed: number, gate: number, index: number) => void): void {
  const Wx = Math.ceil(n_a / 4) * 16
  const Wa = Wx * (1 + n_x)
  for (let unit = 0; unit < n_a; unit++) {
    const block = unit >> 2
    const row = unit * (n_a + n_x)
    for (let gate = 0; gate < 4; gate++) {
      const lane = gate * 4 + (unit & 3)
      // The hidden state comes first in W's columns.
      for (let k = 0; k < n_a; k++) move(Wa + (block * n_a + k) * 16 + lane, gate, row + k)
      for (let k = 0; k < n_x; k++) move(Wx + (block * n_x + k) * 16 + lane, gate, row + n_a + k)
    }
  }
}

const biasIndex = (unit: number, gate: number): number => (unit >> 2) * 16 + gate * 4 + (unit & 3)

/** packed: (layerLength), overwritten */
export function packLayerInto(packed: Float32Array, weights: LayerWeights): void {
  const { n_x, n_a } = weights
  const W = [weights.Wf, weights.Wi, weights.Wc, weights.Wo] // (n_a, n_a + n_x) each
  const b = [weights.bf, weights.bi, weights.bc, weights.bo] // (n_a, 1) each
  packed.fill(0)
  for (let unit = 0; unit < n_a; unit++) {
    for (let gate = 0; gate < 4; gate++) packed[biasIndex(unit, gate)] = b[gate][unit]
  }
  eachLayerWeight(n_x, n_a, (at, gate, index) => {
    packed[at] = W[gate][index]
  })
}

export function unpackLayerFrom(packed: Float32Array, n_x: number, n_a: number): LayerWeights {
  const W = [0, 1, 2, 3].map(() => new Float32Array(n_a * (n_a + n_x)))
  const b = [0, 1, 2, 3].map(() => new Float32Array(n_a))
  for (let unit = 0; unit < n_a; unit++) {
    for (let gate = 0; gate < 4; gate++) b[gate][unit] = packed[biasIndex(unit, gate)]
  }
  eachLayerWeight(n_x, n_a, (at, gate, index) => {
    W[gate][index] = packed[at]
  })
  const [Wf, Wi, Wc, Wo] = W
  const [bf, bi, bc, bo] = b
  return { n_x, n_a, Wf, bf, Wi, bi, Wc, bc, Wo, bo }
}

/** packed: (headLength), overwritten */
export function packHeadInto(packed: Float32Array, { n_a, n_y, Wy, by }: HeadWeights): void {
  const bias = Math.ceil(n_y / 16) * 16
  packed.fill(LOWEST_FLOAT, 0, bias)
  packed.fill(0, bias)
  packed.set(by)
  for (let j = 0; j < n_y; j++) {
    const panel = bias + (j >> 4) * n_a * 16 + (j & 15)
    for (let k = 0; k < n_a; k++) packed[panel + k * 16] = Wy[j * n_a + k]
  }
}

export function unpackHeadFrom(packed: Float32Array, n_a: number, n_y: number): HeadWeights {
  const bias = Math.ceil(n_y / 16) * 16
  const Wy = new Float32Array(n_y * n_a)
  for (let j = 0; j < n_y; j++) {
    const panel = bias + (j >> 4) * n_a * 16 + (j & 15)
    for (let k = 0; k < n_a; k++) Wy[j * n_a + k] = packed[panel + k * 16]
  }
  return { n_a, n_y, Wy, by: packed.slice(0, n_y) }
}
