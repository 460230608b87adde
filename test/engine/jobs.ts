import { Job } from '../../src/engine/job.ts'
import type { Part } from '../../src/engine/part.ts'
import type { Kernel } from '../../src/kernels/kernel.ts'
import { createParameterSet, type ParameterSet, placedLayers } from '../../src/parameters/parameter-set.ts'
import { randomModels } from '../random-model.ts'
import { flatten, random } from '../tensors.ts'
import { makeSet } from './sets.ts'

/** Jobs of random input, and all that they hold when they are done. */

export interface JobShape {
  readonly lengths: readonly number[]
  readonly predict: Part['predict']
  readonly seed: number
}

/** Rows and states of `seed`; keeps two gates of every layer. */
export function makeJob(kernel: Kernel, set: ParameterSet, { lengths, predict, seed }: JobShape): Job {
  const m = lengths.length
  const T_x = Math.max(...lengths)
  const placed = placedLayers(set)
  const gates = placed.map(() => new Set(['it', 'cct'] as const))
  const wanted = set.head === undefined ? 'none' : predict
  const job = new Job(kernel, { set, m, T_x, lengths, gates, predict: wanted, maxValues: 1e7 })
  // what no step writes to is to be the same in every job
  for (const memory of memoriesOf(job)) memory.fill(0)
  const rows = (T: number, n: number) => Float32Array.from(flatten(random(seed, [T, m, n])))
  const state = (n: number) => ({ data: rows(1, n), strides: { T_x: 0, m: n, n: 1 } })
  job.setInput({ data: rows(T_x, set.n_x), strides: { T_x: m * set.n_x, m: set.n_x, n: 1 } })
  for (const [index, { layer }] of placed.entries()) job.setStates(index, state(layer.n_h), state(layer.n_a))
  return job
}

function memoriesOf({ whole: { passes, y, last } }: Job): Float32Array[] {
  const ofPasses = passes.flatMap(({ run, joined }) => [
    run.a,
    run.c,
    ...Object.values(run.gates as Record<string, Float32Array>),
    ...(joined ? [joined.into] : [])
  ])
  return [...ofPasses, ...(y ? [y] : []), ...(last ? [last] : [])]
}

export const results = (job: Job): number[][] => memoriesOf(job).map((values) => Array.from(values))

/** A set of one layer, and stacks of every kind. */
export function setsOfEveryKind(kernel: Kernel): [string, ParameterSet][] {
  const stacks = Object.entries(randomModels).map(([name, model]): [string, ParameterSet] => [
    name,
    createParameterSet(kernel, model)
  ])
  return [['one layer', makeSet(kernel, 1, 3, 5)], ...stacks]
}
