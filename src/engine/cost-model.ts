import { type InferenceKind, inferenceKinds } from './messages.ts'

/** Buckets between two powers of two of a body's length. */
const FINENESS = 8
const BUCKETS = 32 * FINENESS
/** A lower measurement moves the estimate by this much of the difference; a higher one is believed at once. */
const DECAY = 1 / 8

/** What an inference will probably cost, in milliseconds of a thread, by what bodies of about its length have cost. */
export class CostModel {
  readonly #estimates = inferenceKinds.map(() => new Float64Array(BUCKETS).fill(Number.POSITIVE_INFINITY))

  /** Infinite for what has not been seen. */
  estimate(kind: InferenceKind, bytes: number): number {
    return this.#estimates[inferenceKinds.indexOf(kind)][bucketOf(bytes)]
  }

  learn(kind: InferenceKind, bytes: number, ms: number): void {
    const estimates = this.#estimates[inferenceKinds.indexOf(kind)]
    const bucket = bucketOf(bytes)
    const known = estimates[bucket]
    estimates[bucket] = ms < known && known < Number.POSITIVE_INFINITY ? known + (ms - known) * DECAY : ms
  }
}

function bucketOf(bytes: number): number {
  return Math.min(BUCKETS - 1, Math.round(FINENESS * Math.log2(bytes + 1)))
}
