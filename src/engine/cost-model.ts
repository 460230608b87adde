import { type InferenceKind, inferenceKinds } from './messages.ts'

/** Buckets between two powers of two of a body's length. */
const FINENESS = 8
const BUCKETS = 32 * FINENESS
/** Measurements that an estimate looks at. */
const WINDOW = 8

/**
 * What an inference will probably cost, in milliseconds of a thread, by what bodies of about its length have cost: the
 * second worst of the last eight. One that was interrupted does not count, but where one of a few is expensive,
 * because sets of another size are asked with bodies of the same length, all are taken for expensive.
 */
export class CostModel {
  readonly #buckets = inferenceKinds.map(() => new Map<number, Float64Array>())

  /** Infinite for what has not been seen seven times. */
  estimate(kind: InferenceKind, bytes: number): number {
    const costs = this.#buckets[inferenceKinds.indexOf(kind)].get(bucketOf(bytes))
    if (costs === undefined) return Number.POSITIVE_INFINITY
    let [worst, second] = [0, 0]
    for (const cost of costs) {
      second = Math.max(second, Math.min(worst, cost))
      worst = Math.max(worst, cost)
    }
    return second
  }

  learn(kind: InferenceKind, bytes: number, ms: number): void {
    const buckets = this.#buckets[inferenceKinds.indexOf(kind)]
    const bucket = bucketOf(bytes)
    let costs = buckets.get(bucket)
    if (costs === undefined) {
      costs = new Float64Array(WINDOW).fill(Number.POSITIVE_INFINITY)
      buckets.set(bucket, costs)
    }
    // the oldest goes: they move up by one, which for eight numbers is cheaper than to remember where each bucket is
    costs.copyWithin(0, 1)
    costs[WINDOW - 1] = ms
  }
}

/** Bounded, so that no client can make the model grow. */
function bucketOf(bytes: number): number {
  return Math.min(BUCKETS - 1, Math.round(FINENESS * Math.log2(bytes + 1)))
}
