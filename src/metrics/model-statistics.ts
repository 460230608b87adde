import type { AnswerParts } from '../engine/messages.ts'
import type { Phases } from './phases.ts'

/** How often, and how long all together. */
export class Duration {
  count = 0
  ms = 0

  add(ms: number): void {
    this.count++
    this.ms += ms
  }
}

/** What the phases of the requests of one size took. */
export class BatchStatistics {
  readonly computeInput = new Duration()
  readonly computeInfer = new Duration()
  readonly computeOutput = new Duration()
}

/** Columns up to which each number of them is counted by itself; above, numbers up to a power of two go together. */
const SINGLE_SIZES = 64

/** What has been asked of one set, from the moment when it was put in. */
export class ModelStatistics {
  readonly success = new Duration()
  readonly fail = new Duration()
  readonly queue = new Duration()
  readonly computeInput = new Duration()
  readonly computeInfer = new Duration()
  readonly computeOutput = new Duration()
  /** By the columns of a request. */
  readonly batches = new Map<number, BatchStatistics>()
  /** Milliseconds since 1970 when the last answer was there; 0 for never. */
  lastInference = 0
  /** Columns that were computed. */
  inferenceCount = 0
  /** Batches of the kernel that they were computed in. */
  executionCount = 0

  /** @param at milliseconds since 1970 */
  answered(
    { m, executions }: Pick<AnswerParts, 'm' | 'executions'>,
    { decode, queue, compute, encode }: Phases,
    at: number = Date.now()
  ): void {
    this.lastInference = Math.max(this.lastInference, at)
    this.inferenceCount += m
    this.executionCount += executions
    this.success.add(decode + queue + compute + encode)
    this.queue.add(queue)
    const size = sizeOf(m)
    let batch = this.batches.get(size)
    if (batch === undefined) {
      batch = new BatchStatistics()
      this.batches.set(size, batch)
    }
    for (const { computeInput, computeInfer, computeOutput } of [this, batch]) {
      computeInput.add(decode)
      computeInfer.add(compute)
      computeOutput.add(encode)
    }
  }

  failed(ms: number): void {
    this.fail.add(ms)
  }
}

/** The number that requests of m columns are counted under; there are only so many. */
function sizeOf(m: number): number {
  return m <= SINGLE_SIZES ? m : 2 ** Math.ceil(Math.log2(m))
}

/**
 * The statistics of all sets, by what the store keeps of each: those of a set that was replaced, deleted or unloaded
 * are not found any more and go with it, and those of its successor begin anew, as Triton's do.
 */
export class AllModelStatistics<StoredSet extends { readonly created: Date }> {
  readonly #bySet = new WeakMap<StoredSet, ModelStatistics>()
  readonly #find: (model: string) => StoredSet | undefined

  constructor(find: (model: string) => StoredSet | undefined) {
    this.#find = find
  }

  of(stored: StoredSet): ModelStatistics {
    let statistics = this.#bySet.get(stored)
    if (statistics === undefined) {
      statistics = new ModelStatistics()
      this.#bySet.set(stored, statistics)
    }
    return statistics
  }

  /**
   * An inference on this model has been answered.
   * @param at milliseconds since 1970, if it is told of later: it may have been one of an earlier set
   */
  answered(
    model: string,
    answer: Pick<AnswerParts, 'm' | 'executions'>,
    phases: Phases,
    at: number = Date.now()
  ): void {
    this.#at(model, at)?.answered(answer, phases, at)
  }

  /** An inference on this model has failed after so many milliseconds. */
  failed(model: string, ms: number, at: number = Date.now()): void {
    this.#at(model, at)?.failed(ms)
  }

  #at(model: string, at: number): ModelStatistics | undefined {
    const stored = this.#find(model)
    return stored === undefined || at < stored.created.getTime() ? undefined : this.of(stored)
  }
}
