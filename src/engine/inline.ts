import { CostModel } from './cost-model.ts'
import type { InferenceKind, Timing } from './messages.ts'

/**
 * How long an inference may hold this thread up while others are under way, and when it is alone. To hand one over and
 * back costs both threads together 30 to 40 µs; against that stands that others wait here meanwhile.
 */
const BUSY_MS = 0.1
const ALONE_MS = 0.25

/** Longer bodies are handed over unseen: to decode one might take longer than it should. */
const MOST_BYTES = 32_768

/** Work for one turn of the event loop; when more comes at once it is for several threads. */
const TURN_MS = 0.2

/**
 * Which inferences the HTTP thread runs itself: short ones, where handing them over would take longer than to run them,
 * and longer ones when they are alone and only their own sender waits.
 */
export class InlinePolicy {
  readonly #costs = new CostModel()
  /** Milliseconds of what was taken in this turn. */
  #taken = 0

  /** @param underWay how many operations are */
  takes(kind: InferenceKind, bytes: number, underWay: number): boolean {
    if (bytes > MOST_BYTES) return false
    const ms = this.#costs.estimate(kind, bytes)
    if (ms > (underWay === 0 ? ALONE_MS : BUSY_MS)) return false
    if (this.#taken > 0 && this.#taken + ms > TURN_MS) return false
    if (this.#taken === 0) {
      setImmediate(() => {
        this.#taken = 0
      })
    }
    this.#taken += ms
    return true
  }

  learn(kind: InferenceKind, bytes: number, { decode, compute, encode }: Timing): void {
    this.#costs.learn(kind, bytes, decode + compute + encode)
  }
}
