import type { GateOutputs, LayerRun } from '../kernels/kernel.ts'
import type { Part } from './part.ts'

/** Ranges begin at multiples of this: a kernel moves whole tiles of rows, and a lone row costs as much as two. */
const ROW_TILE = 8

/** Below this many multiplications a part is not worth the two messages that send it away and say that it is done. */
const LEAST_WORK = 30_000_000

/** How many parts a whole is worth cutting into, for `workers` that could take one each. */
export function partsWorthwhile({ set, run }: Part, workers: number): number {
  const steps = run.activeRows.reduce((sum, rows) => sum + rows, 0)
  const work = steps * 4 * set.n_a * (set.n_x + set.n_a)
  return Math.max(1, Math.min(workers, Math.floor(run.activeRows[0] / ROW_TILE), Math.floor(work / LEAST_WORK)))
}

/**
 * Cuts a part that has not begun into at most `count` ranges of rows with about equally many steps to make. Rows are
 * independent of each other, so that the results are the same, bit for bit.
 */
export function split(part: Part, count: number): Part[] {
  const { activeRows } = part.run
  const steps = activeRows.reduce((sum, rows) => sum + rows, 0)
  const parts: Part[] = []
  let first = 0
  let done = 0
  let length = activeRows.length
  for (let row = 0; row < activeRows[0]; ) {
    // the longest rows come first: a row's length is how many steps have more rows than it
    while (activeRows[length - 1] <= row) length--
    done += length
    row++
    const last = row === activeRows[0]
    if (last || (row % ROW_TILE === 0 && done >= (steps * (parts.length + 1)) / count)) {
      parts.push(rowsOf(part, first, row))
      first = row
    }
  }
  return parts
}

/** The rows from `first` to before `end`, as views of the same memory. */
function rowsOf({ set, run, predict, y, stop }: Part, first: number, end: number): Part {
  const { m, x, a, c, gates, activeRows } = run
  const active = activeRows.map((rows) => Math.max(0, Math.min(rows, end) - first))
  const beginAt = (n: number, rows: Float32Array): Float32Array => rows.subarray(first * n)
  const gatesOfRows = Object.fromEntries(Object.entries(gates).map(([name, rows]) => [name, beginAt(set.n_a, rows)]))
  const view: LayerRun = {
    m,
    T_x: active.filter((rows) => rows > 0).length,
    x: beginAt(set.n_x, x),
    a: beginAt(set.n_a, a),
    c: beginAt(set.n_a, c),
    gates: gatesOfRows as GateOutputs,
    activeRows: active,
    t: 0
  }
  return { set, run: view, predict, y: y && beginAt(set.n_y, y), stop }
}
