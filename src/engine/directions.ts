import type { LayerRun } from '../kernels/kernel.ts'
import type { Joined, Pass } from './pass.ts'

/**
 * Reverse directions. They start at each row's own last real step; a run over rows that are each turned around does
 * just that, with the rows that are still active first, as a kernel wants them.
 */

interface Rows extends Pick<LayerRun, 'm' | 'activeRows'> {
  /** Where each row goes; to where it is when left out. (m) */
  readonly columnOfRow?: Int32Array
}

interface From {
  /** (T_x, m, n) */
  readonly source: Float32Array
  readonly n: number
  /** Whether to turn each row around in time: step t of the target is step length - 1 - t of the source. */
  readonly mirrored: boolean
}

interface Into {
  /** Rows of `width` values, of which those from `at` on are written to. */
  readonly target: Float32Array
  readonly width: number
  readonly at: number
}

/** Calls `visit` for each row with the number of its real steps. Rows without any are left out. */
function forEachRow({ activeRows }: Rows, visit: (row: number, length: number) => void): void {
  let length = activeRows.length
  for (let row = 0; row < activeRows[0]; row++) {
    while (activeRows[length - 1] <= row) length--
    visit(row, length)
  }
}

/** The real steps of every row; the target's others are left as they are. */
export function copyRows({ source, n, mirrored }: From, { target, width, at }: Into, rows: Rows): void {
  const { m, columnOfRow } = rows
  forEachRow(rows, (row, length) => {
    const column = columnOfRow?.[row] ?? row
    for (let t = 0; t < length; t++) {
      const from = ((mirrored ? length - 1 - t : t) * m + row) * n
      target.set(source.subarray(from, from + n), (t * m + column) * width + at)
    }
  })
}

/** The last real step of every row, as a row of the target. */
export function copyLastRows({ source, n }: Omit<From, 'mirrored'>, { target, width, at }: Into, rows: Rows): void {
  forEachRow(rows, (row, length) => {
    const from = ((length - 1) * rows.m + row) * n
    target.set(source.subarray(from, from + n), (rows.columnOfRow?.[row] ?? row) * width + at)
  })
}

/** The rows of a reverse pass: those of its layer's input, turned around. */
export function mirrorInput(mirrored: Float32Array, { layer: { n_x }, run }: Pass): void {
  copyRows({ source: mirrored, n: n_x, mirrored: true }, { target: run.x, width: n_x, at: 0 }, run)
}

/** [forward; reverse] at each step of the input. */
export function joinDirections({ forward, into: target }: Joined, reverse: Pass): void {
  const n_f = forward?.layer.n_h ?? 0
  const width = n_f + reverse.layer.n_h
  const { run } = reverse
  if (forward !== undefined) {
    copyRows({ source: statesOf(forward), n: n_f, mirrored: false }, { target, width, at: 0 }, run)
  }
  copyRows({ source: statesOf(reverse), n: reverse.layer.n_h, mirrored: true }, { target, width, at: n_f }, run)
}

/** The state of each row after the last step that its direction makes, one direction behind the other. (m, width) */
export function lastOfDirections(passes: readonly Pass[], target: Float32Array, width: number): void {
  let at = 0
  for (const pass of passes) {
    copyLastRows({ source: statesOf(pass), n: pass.layer.n_h }, { target, width, at }, pass.run)
    at += pass.layer.n_h
  }
}

/** The hidden states after each step, without the one before the first. (T_x, m, n_h) */
function statesOf({ layer, run }: Pick<Pass, 'layer' | 'run'>): Float32Array {
  return run.a.subarray(run.m * layer.n_h)
}
