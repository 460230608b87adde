import type { Kernel } from '../kernels/kernel.ts'
import type { Deviations, ParameterSet } from '../parameters/parameter-set.ts'
import { Job } from './job.ts'
import type { Part } from './part.ts'

const COLUMNS = 2
const STEPS = 32

/**
 * What smaller weights change, on a fixed probe: 2 sequences of 32 steps, uniform from -1 to 1, from states of zeros.
 * Compares the hidden states of the top layer and the predictions of all steps.
 * @param run moves a part to its end
 */
export async function measureDeviations(
  kernel: Kernel,
  run: (part: Part) => Promise<unknown>,
  exact: ParameterSet,
  reduced: ParameterSet
): Promise<Deviations> {
  const there = await probe(kernel, run, exact)
  const here = await probe(kernel, run, reduced)
  return { a: deviation(here.a, there.a), ...(there.y && { y: deviation(here.y!, there.y) }) }
}

async function probe(kernel: Kernel, run: (part: Part) => Promise<unknown>, set: ParameterSet) {
  const predict = set.head === undefined ? 'none' : 'all'
  const maxValues = Number.POSITIVE_INFINITY // bounded by the probe's own size
  const job = new Job(kernel, { set, m: COLUMNS, T_x: STEPS, gates: [], predict, maxValues })
  try {
    const { n_x } = set
    job.setInput({ data: uniform(STEPS * COLUMNS * n_x), strides: { T_x: COLUMNS * n_x, m: n_x, n: 1 } })
    for (const index of job.whole.passes.keys()) job.setStates(index, undefined, undefined)
    await run(job.whole)
    const values = (rows: Parameters<Job['allSteps']>[0], n: number): Float32Array => {
      const { data, block } = job.allSteps(rows)
      return data.slice(block * COLUMNS * n)
    }
    return {
      a: values(job.topStates('a'), set.n_a),
      y: set.head && values([job.predictions], set.head.n_y)
    }
  } finally {
    job.release()
  }
}

/** Uniform from -1 to 1, always the same (a linear congruential generator, Numerical Recipes' constants). */
function uniform(length: number): Float32Array {
  let state = 1
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return state / 2 ** 31
  })
}

function deviation(got: Float32Array, exact: Float32Array): Deviations['a'] {
  let largest = 0
  let sum = 0
  for (let i = 0; i < got.length; i++) {
    const difference = Math.abs(got[i] - exact[i])
    largest = Math.max(largest, difference)
    sum += difference
  }
  return { largest, mean: sum / got.length }
}
