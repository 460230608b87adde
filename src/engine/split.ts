import type { GateOutputs, LayerRun } from '../kernels/kernel.ts'
import type { Part } from './part.ts'
import type { Pass } from './pass.ts'

/** Ranges begin at multiples of this: a kernel moves whole tiles of rows, and a lone row costs as much as two. */
const ROW_TILE = 8

/** Below this many multiplications a part is not worth the messages that bring another worker in. */
export const LEAST_WORK = 30_000_000

/** Multiplications of a step of one row. */
export function rowWork({ layer: { n_x, n_a, n_h, options } }: Pick<Pass, 'layer'>): number {
  return 4 * n_a * (n_x + n_h) + (options?.projection ? n_h * n_a : 0)
}

/** About how many multiplications are to be made yet; no row ends before its pass does. */
export function workLeft({ passes, pass }: Part): number {
  let work = 0
  for (let i = pass; i < passes.length; i++) {
    const { layer, run } = passes[i]
    if (run.t < run.T_x) work += (run.T_x - run.t) * run.activeRows[run.t] * rowWork({ layer })
  }
  return work
}

/** How many parts a whole is worth cutting into, for `workers` that could take one each. */
export function partsWorthwhile({ passes }: Part, workers: number): number {
  const { activeRows } = passes[0].run
  const most = Math.min(workers, Math.floor(activeRows[0] / ROW_TILE))
  if (most <= 1) return 1
  const steps = activeRows.reduce((sum, rows) => sum + rows, 0)
  const work = steps * passes.reduce((sum, pass) => sum + rowWork(pass), 0)
  return Math.max(1, Math.min(most, Math.floor(work / LEAST_WORK)))
}

/**
 * Cuts a part that has not begun into at most `count` ranges of rows with about equally many steps to make. Rows are
 * independent of each other, so that the results are the same, bit for bit.
 */
export function split(part: Part, count: number): Part[] {
  const { activeRows } = part.passes[0].run
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

const beginAt = (row: number, n: number, rows: Float32Array): Float32Array => rows.subarray(row * n)

/** The rows from `first` to before `end`, as views of the same memory. */
function rowsOf({ passes, head, predict, y, last, stop, priority }: Part, first: number, end: number): Part {
  // all passes have the same rows: one array for them all
  const active = passes[0].run.activeRows.map((rows) => Math.max(0, Math.min(rows, end) - first))
  const views: Pass[] = []
  for (const [i, pass] of passes.entries())
    views.push(rowsOfPass(pass, i > 0 ? views[i - 1] : undefined, active, first))
  return {
    passes: views,
    pass: 0,
    head,
    predict,
    y: y && beginAt(first, head!.n_y, y),
    last: last && beginAt(first, head!.n_a, last),
    priority,
    stop
  }
}

/** @param before the view of the pass before it, which is the forward direction of its layer where `joined` says so */
function rowsOfPass(pass: Pass, before: Pass | undefined, activeRows: Int32Array, first: number): Pass {
  const { layer, run, mirrored, joined } = pass
  const { n_x, n_a, n_h } = layer
  const gates = Object.entries(run.gates).map(([name, rows]) => [name, beginAt(first, n_a, rows)])
  const view: LayerRun = {
    m: run.m,
    T_x: activeRows.filter((rows) => rows > 0).length,
    x: beginAt(first, n_x, run.x),
    a: beginAt(first, n_h, run.a),
    c: beginAt(first, n_a, run.c),
    gates: Object.fromEntries(gates) as GateOutputs,
    activeRows,
    t: 0
  }
  const forward = joined?.forward && before
  const width = n_h + (forward?.layer.n_h ?? 0)
  return {
    layer,
    run: view,
    mirrored: mirrored && beginAt(first, n_x, mirrored),
    joined: joined && { forward, into: beginAt(first, width, joined.into) }
  }
}
