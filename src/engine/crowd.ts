import type { Admission } from './admission.ts'
import { RunningValues } from './running-values.ts'

/** Where the threads that take requests, one on each core, see of each other what is under way. */
export interface CrowdMemory {
  /** Memory of RunningValues, and this thread's place in it. */
  readonly runningValues: SharedArrayBuffer
  readonly slot: number
  /** The places of all threads that take requests. */
  readonly httpSlots: readonly number[]
  readonly cores: number
}

/**
 * From so many rows on, a row takes no less of a kernel's time: 0.95 ms of 50 steps with n_a = 512, against 1.1 of three
 * rows, 1.4 of two and 2.5 of one. Split between two cores eight requests are no faster than as a batch on one.
 */
const GOOD_BATCH = 8

/** What is under way on all threads, as one of those sees it that take requests. */
export class Crowd {
  readonly #admission: Pick<Admission, 'pending'>
  readonly #runningValues: RunningValues
  readonly #httpSlots: readonly number[]
  readonly #cores: number

  constructor({ runningValues, slot, httpSlots, cores }: CrowdMemory, admission: Pick<Admission, 'pending'>) {
    this.#admission = admission
    this.#runningValues = new RunningValues(runningValues, slot)
    this.#httpSlots = httpSlots
    this.#cores = cores
  }

  /**
   * Whether an inference gains nothing by going to a worker: there are no two cores for each that is under way, which
   * the workers would divide among them, and this thread has no more of them than make a good batch, or none that takes
   * requests has its core to spare.
   * @param here how many this thread runs
   */
  isEverywhere(here: number): boolean {
    if (2 * (this.#admission.pending + 1) <= this.#cores) return false
    return here < GOOD_BATCH || !this.#runningValues.someIdle(this.#httpSlots)
  }
}
