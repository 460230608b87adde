import type { SharedKernel } from '../kernels/choose.ts'
import type { Limits } from './limits.ts'
import type { PublishedSet } from './registry.ts'
import type { RowCounts } from './row-counts.ts'

interface Shared {
  readonly limits: Limits
  readonly kernel: SharedKernel
  readonly sets: ReadonlyMap<string, PublishedSet>
  /** Memory of RunningValues. */
  readonly runningValues: SharedArrayBuffer
}

/** What the threads of a pool run operations with: the same for all of them, and each with a number of its own. */
export class ThreadData {
  readonly #shared: Shared
  #nextOwner = 1

  constructor(shared: Shared) {
    this.#shared = shared
  }

  /** @param workers threads that a wide job may be divided among, this one included */
  for(slot: number, rowCounts: RowCounts, workers: number) {
    return { ...this.#shared, workers, rowCounts: rowCounts.memory, owner: this.#nextOwner++, slot }
  }
}
