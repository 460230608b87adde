/**
 * The order in which kernels with vectors of `lanes` floats read the weights of a head, in panels of 4·lanes outputs as
 * packing.ts has them, with `panels` = ceil(n_y / (4·lanes)): by (panels, 4·lanes) | Wy (panels, n_a, 4·lanes).
 *
 * Outputs that fill up the last panel have weight 0 and the lowest finite float as their bias, so that softmax never
 * takes them for the largest.
 */
import type { HeadWeights, PackedHead } from './kernel.ts'

const LOWEST_FLOAT = -3.4028234663852886e38

/** Floats of one row of a head's outputs before softmax, which is those of its bias. */
export const headRow = (n_y: number, lanes: number): number => Math.ceil(n_y / (4 * lanes)) * 4 * lanes

/** Floats of a packed head. */
export const headLength = (n_a: number, n_y: number, lanes: number): number => headRow(n_y, lanes) * (1 + n_a)

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
