import type { Kernel, LayerRun } from '../kernels/kernel.ts'
import type { ParameterSet } from '../parameters/parameter-set.ts'

/**
 * Some rows of a job on their way through its set, all of them or a range: what the stepper moves. Plain data over the
 * kernel's memory, so that another worker can take a part over. Rows are sorted by length, the longest first.
 */
export interface Part {
  readonly set: ParameterSet
  readonly run: LayerRun
  /** Which predictions are wanted: of every step, of each row's last one, or none. */
  readonly predict: 'all' | 'last' | 'none'
  /** (T_x, m, n_y) when predictions of every step are wanted, (m, n_y) for the last ones, from this part's first row on. */
  readonly y: Float32Array | undefined
  /** Not 0 once nobody wants the job any more; in the job's memory, so that all who have a part of it see it. (1) */
  readonly stop: Float32Array
}

export function finished({ run }: Part): boolean {
  return run.t === run.T_x
}

/** Moves parts of one set `steps` time steps forward, together, and makes the predictions of these steps. */
export function advanceParts(kernel: Kernel, set: ParameterSet, parts: readonly Part[], steps: number): void {
  kernel.advance(
    set.layers[0],
    parts.map(({ run }) => run),
    steps
  )
  for (const part of parts) predictSteps(kernel, part, part.run.t - steps)
}

/** The predictions of the steps since `from`. */
function predictSteps(kernel: Kernel, part: Part, from: number): void {
  const { t, m, activeRows } = part.run
  if (part.predict === 'all') {
    // steps on which every row of the memory is active lie behind each other and go as one
    let step = from
    while (step < t && activeRows[step] === m) step++
    predictRows(kernel, part, from * m, (step - from) * m)
    for (; step < t; step++) predictRows(kernel, part, step * m, activeRows[step])
  } else if (part.predict === 'last') {
    for (let step = from; step < t; step++) predictEnded(kernel, part, step)
  }
}

function predictRows(kernel: Kernel, { set, run, y }: Part, first: number, rows: number): void {
  if (rows > 0) kernel.predict(set.head, run.a, first + run.m, y!, first, rows)
}

/** The rows whose last real step this is stand at the end of those that are active. */
function predictEnded(kernel: Kernel, { set, run, y }: Part, step: number): void {
  const { m, a, activeRows, T_x } = run
  const still = step + 1 < T_x ? activeRows[step + 1] : 0
  const ended = activeRows[step] - still
  if (ended > 0) kernel.predict(set.head, a, (step + 1) * m + still, y!, still, ended)
}
