import type { Kernel, LayerRun, PackedHead, PackedLayer } from '../kernels/kernel.ts'
import { joinDirections, lastOfDirections, mirrorInput } from './directions.ts'
import type { Pass } from './pass.ts'

/**
 * Some rows of a job on their way through its set, all of them or a range: what the stepper moves. Plain data over the
 * kernel's memory, so that another worker can take a part over. Rows are sorted by length, the longest first.
 */
export interface Part {
  /** One behind the other: layer 0 forward, layer 0 reverse, layer 1 … */
  readonly passes: readonly Pass[]
  /** Index of the pass that is under way; their number when all is done. */
  pass: number
  readonly head: PackedHead | undefined
  /** Which predictions are wanted: of every step, of each row's last one, or none. */
  readonly predict: 'all' | 'last' | 'none'
  /** (T_x, m, n_y) when predictions of every step are wanted, (m, n_y) for the last ones, from this part's first row on. */
  readonly y: Float32Array | undefined
  /** What the last predictions are made from where the top layer has a reverse direction. (m, width of the top) */
  readonly last: Float32Array | undefined
  /** Not 0 once nobody wants the job any more; in the job's memory, so that all who have a part of it see it. (1) */
  readonly stop: Float32Array
  /** Lower numbers go first. */
  readonly priority: number
}

/** What a part has that says nothing of it: one level is before it, one behind. */
export const DEFAULT_PRIORITY = 2

/** What the work on a part, or on all parts of a job, has cost. */
export interface PartCost {
  /** Milliseconds of the kernel: of each call that was shared with others, the share of its own rows. */
  readonly ms: number
  /** Runs through all steps that it stands for: 1 for a part alone, 1/2 for one that shared every call with another. */
  readonly executions: number
}

export function finished({ passes, pass }: Part): boolean {
  return pass === passes.length
}

/** The pass that is under way. The part must not be finished. */
export function currentPass({ passes, pass }: Part): Pass {
  return passes[pass]
}

/**
 * Moves parts that are all in a pass of this layer `steps` time steps forward, together, and makes the predictions of
 * these steps.
 * @param move instead of the kernel's `advance` for all of them; says how many steps it has made, from 1
 * @returns the steps made
 */
export function advanceParts(
  kernel: Kernel,
  layer: PackedLayer,
  parts: readonly Part[],
  steps: number,
  move = (runs: readonly LayerRun[]): number => {
    kernel.advance(layer, runs, steps)
    return steps
  }
): number {
  const passes = parts.map(currentPass)
  for (const pass of passes) {
    if (pass.mirrored !== undefined && pass.run.t === 0) mirrorInput(pass.mirrored, pass)
  }
  const made = move(passes.map(({ run }) => run))
  for (const [i, part] of parts.entries()) stepped(kernel, part, passes[i], made)
  return made
}

/** What follows from the steps that a part has just made. */
function stepped(kernel: Kernel, part: Part, pass: Pass, steps: number): void {
  const { run, mirrored, joined } = pass
  const top = part.pass === part.passes.length - 1
  // the states of a reverse direction are not in the order of time before it is over
  if (top && mirrored === undefined && part.predict !== 'none') {
    predictSteps(kernel, part, run.a.subarray(run.m * pass.layer.n_h), run, run.t - steps)
  }
  if (run.t < run.T_x) return
  if (joined !== undefined) joinDirections(joined, pass)
  if (top && mirrored !== undefined) predictJoined(kernel, part, pass)
  part.pass++
}

function predictJoined(kernel: Kernel, part: Part, pass: Pass): void {
  if (part.predict === 'all') predictSteps(kernel, part, pass.joined!.into, pass.run, 0)
  if (part.predict !== 'last') return
  const { n_a } = part.head!
  const forward = part.passes[part.passes.length - 2]
  const passes = pass.layer.n_h < n_a ? [forward, pass] : [pass]
  lastOfDirections(passes, part.last!, n_a)
  kernel.predict(part.head!, part.last!, 0, part.y!, 0, pass.run.activeRows[0])
}

/** The predictions of the steps since `from`, from hidden states (T_x, m, n_a). */
function predictSteps(
  kernel: Kernel,
  part: Part,
  a: Float32Array,
  { t, m, T_x, activeRows }: LayerRun,
  from: number
): void {
  const predictRows = (row: number, yRow: number, rows: number): void => {
    if (rows > 0) kernel.predict(part.head!, a, row, part.y!, yRow, rows)
  }
  if (part.predict === 'all') {
    // steps on which every row of the memory is active lie behind each other and go as one
    let step = from
    while (step < t && activeRows[step] === m) step++
    predictRows(from * m, from * m, (step - from) * m)
    for (; step < t; step++) predictRows(step * m, step * m, activeRows[step])
  } else if (part.predict === 'last') {
    for (let step = from; step < t; step++) {
      // the rows whose last real step this is stand at the end of those that are active
      const still = step + 1 < T_x ? activeRows[step + 1] : 0
      predictRows(step * m + still, still, activeRows[step] - still)
    }
  }
}
