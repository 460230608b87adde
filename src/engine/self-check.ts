import { LstmError } from '../errors.ts'
import type { Kernel } from '../kernels/kernel.ts'
import type { ModelTest } from '../lstm/model.ts'
import type { ParameterSet } from '../parameters/parameter-set.ts'
import { Job, type RowsOf } from './job.ts'
import type { Part } from './part.ts'

/**
 * Most that a value may differ from the one in the file, relative to that from 1 on. Float32 in another order of
 * summation differs by 1e-6 or so; gates in the wrong order, by far more.
 */
const TOLERANCE = 1e-4

/**
 * Runs the test vector that a set came with, from states of zeros, on the kernel that will serve it.
 * @param run moves a part to its end
 * @returns the largest difference
 * @throws LSTM_ERR_SELF_CHECK_FAILED with the largest difference and where it is, LSTM_ERR_JOB_TOO_LARGE
 */
export async function selfCheck(
  kernel: Kernel,
  run: (part: Part) => Promise<unknown>,
  set: ParameterSet,
  { x, a, y }: ModelTest,
  maxValues: number
): Promise<number> {
  const [, m, T_x] = x.shape
  const job = new Job(kernel, { set, m, T_x, gates: [], predict: y === undefined ? 'none' : 'all', maxValues })
  try {
    job.setInput({ data: x.data, strides: { T_x: 1, m: T_x, n: m * T_x } })
    for (const index of job.whole.passes.keys()) job.setStates(index, undefined, undefined)
    await run(job.whole)
    const differences = [
      ...(a === undefined ? [] : [largestDifference(job, 'a', job.topStates('a'), a)]),
      ...(y === undefined ? [] : [largestDifference(job, 'y', [job.predictions], y)])
    ]
    for (const { excess, difference, where } of differences) {
      if (!(excess <= TOLERANCE)) throw new LstmError('LSTM_ERR_SELF_CHECK_FAILED', [difference, where, TOLERANCE])
    }
    return Math.max(...differences.map(({ difference }) => difference))
  } finally {
    job.release()
  }
}

/** @param expected (n, m, T_x) */
function largestDifference(job: Job, name: string, rows: readonly RowsOf[], expected: ModelTest['x']) {
  const [n, m, T_x] = expected.shape
  const { data, block } = job.allSteps(rows)
  let worst = { excess: 0, difference: 0, where: '' }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      for (let t = 0; t < T_x; t++) {
        const wanted = expected.data[(i * m + j) * T_x + t]
        const got = data[((block + t) * m + j) * n + i]
        const difference = Math.abs(got - wanted)
        const excess = difference / Math.max(1, Math.abs(wanted))
        if (!(excess <= worst.excess)) {
          worst = { excess, difference, where: `${name}[${i}, ${j}, ${t}], which is ${got} and should be ${wanted}` }
        }
      }
    }
  }
  return worst
}
