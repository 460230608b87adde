import { type Layout, sequenceView, stateView } from '../../codec/layout.ts'
import type { StridedTensor } from '../../codec/tensor.ts'
import { type GateName, gateNames, type Job } from '../../engine/job.ts'

/** What a finished job can show: the members of the source's cache, and the prediction. */
export type Member = 'a_next' | 'c_next' | 'a_prev' | 'c_prev' | GateName | 'xt' | 'y'

/** The members of one step's cache, in the order of the source; the parameters follow. */
export const cacheMembers: readonly Member[] = ['a_next', 'c_next', 'a_prev', 'c_prev', ...gateNames, 'xt']

/** Where a member lies: rows of n values, the block of time step 0. */
function source({ whole: { run, set, y } }: Job, member: Member): { rows: Float32Array; n: number; first: number } {
  switch (member) {
    case 'a_next':
      return { rows: run.a, n: set.n_a, first: 1 }
    case 'c_next':
      return { rows: run.c, n: set.n_a, first: 1 }
    case 'a_prev':
      return { rows: run.a, n: set.n_a, first: 0 }
    case 'c_prev':
      return { rows: run.c, n: set.n_a, first: 0 }
    case 'xt':
      return { rows: run.x, n: set.n_x, first: 0 }
    case 'y':
      return { rows: y!, n: set.n_y, first: 0 }
    default:
      return { rows: run.gates[member]!, n: set.n_a, first: 0 }
  }
}

/** A member of every step, with a time axis, or of each column's last real step, without. */
export function memberView(job: Job, member: Member, steps: 'all' | 'last', layout: Layout): StridedTensor {
  const { m, T_x } = job
  const { rows, n, first } = source(job, member)
  if (steps === 'all') {
    const { data, block } = job.allSteps(rows, first, n)
    return sequenceView(data, block, T_x, m, n, layout)
  }
  const last = member === 'y' ? job.lastPredictions() : job.lastSteps(rows, first, n)
  return stateView(last, 0, m, n, layout)
}
