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
  /** (kinds, BUCKETS, WINDOW) milliseconds, the newest last; 0 for none. Threads may share it: what two learn in the same moment may be one. */
  readonly #costs: Float64Array

  constructor(memory = CostModel.createMemory()) {
    this.#costs = new Float64Array(memory)
  }

  static createMemory(): SharedArrayBuffer {
    return new SharedArrayBuffer(inferenceKinds.length * BUCKETS * WINDOW * Float64Array.BYTES_PER_ELEMENT)
  }

  /** Infinite for what has not been seen seven times. */
  estimate(kind: InferenceKind, bytes: number): number {
    const begin = beginOf(kind, bytes)
    let [worst, second] = [0, 0]
    for (let i = begin; i < begin + WINDOW; i++) {
      const cost = this.#costs[i] === 0 ? Number.POSITIVE_INFINITY : this.#costs[i]
      second = Math.max(second, Math.min(worst, cost))
      worst = Math.max(worst, cost)
    }
    return second
  }

  learn(kind: InferenceKind, bytes: number, ms: number): void {
    const begin = beginOf(kind, bytes)
    // the oldest goes: they move up by one, which for eight numbers is cheaper than to remember where each bucket is
    this.#costs.copyWithin(begin, begin + 1, begin + WINDOW)
    this.#costs[begin + WINDOW - 1] = Math.max(ms, Number.MIN_VALUE)
  }
}

/** Where the bucket begins. There are only so many, so that no client can make the model grow. */
function beginOf(kind: InferenceKind, bytes: number): number {
  const bucket = Math.min(BUCKETS - 1, Math.round(FINENESS * Math.log2(bytes + 1)))
  return (inferenceKinds.indexOf(kind) * BUCKETS + bucket) * WINDOW
}
