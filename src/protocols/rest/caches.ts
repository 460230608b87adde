import type { Job, RowsOf } from '../../engine/job.ts'
import { type GateName, gateNames } from '../../kernels/kernel.ts'
import { layerRows } from '../forward/outputs.ts'

export type CacheMember = 'a_next' | 'c_next' | 'a_prev' | 'c_prev' | GateName | 'xt'

/** The members of one step's cache, in the order of the source; the parameters follow. */
export const cacheMembers: readonly CacheMember[] = ['a_next', 'c_next', 'a_prev', 'c_prev', ...gateNames, 'xt']

/** Where a member of the only layer's cache lies. */
export function cacheRows(job: Job, member: CacheMember): RowsOf {
  switch (member) {
    case 'a_next':
      return job.states(0, 'a')
    case 'c_next':
      return job.states(0, 'c')
    case 'a_prev':
      return job.states(0, 'a', 0)
    case 'c_prev':
      return job.states(0, 'c', 0)
    case 'xt':
      return job.input
    default:
      return layerRows(job, { place: 0, member })
  }
}
