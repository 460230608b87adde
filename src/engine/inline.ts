import { CostModel } from './cost-model.ts'
import type { InferenceKind, Timing } from './messages.ts'

export interface InlineBounds {
  /** How long an inference may hold this thread up while others are under way, and when it is alone. */
  readonly busyMs: number
  readonly aloneMs: number
  /** Longer bodies are handed over unseen: to decode one might take longer than it should. */
  readonly mostBytes: number
  /** Work for one turn of the event loop; when more comes at once it is for several threads. */
  readonly turnMs: number
}

/**
 * With one HTTP thread. To hand an inference over and back costs both threads together 30 to 40 µs; against that stands
 * that others wait here meanwhile.
 */
export const oneThread: InlineBounds = { busyMs: 0.1, aloneMs: 0.25, mostBytes: 32_768, turnMs: 0.2 }

/** With one on each core, which have equal shares of the connections: a worker would have to wait for a core too. */
export const threadPerCore: InlineBounds = {
  busyMs: 1,
  aloneMs: 1,
  mostBytes: 262_144,
  turnMs: Number.POSITIVE_INFINITY
}

/**
 * Which inferences an HTTP thread runs itself: short ones, where handing them over would take longer than to run them,
 * and longer ones when they are alone and only their own sender waits.
 */
export class InlinePolicy {
  readonly #bounds: InlineBounds
  readonly #costs: CostModel
  /** Milliseconds of what was taken in this turn. */
  #taken = 0

  constructor(bounds = oneThread, costs = new CostModel()) {
    this.#bounds = bounds
    this.#costs = costs
  }

  /** @param underWay how many operations are */
  takes(kind: InferenceKind, bytes: number, underWay: number): boolean {
    const { busyMs, aloneMs, mostBytes, turnMs } = this.#bounds
    if (bytes > mostBytes) return false
    const ms = this.#costs.estimate(kind, bytes)
    if (ms > (underWay === 0 ? aloneMs : busyMs)) return false
    if (turnMs === Number.POSITIVE_INFINITY) return true
    if (this.#taken > 0 && this.#taken + ms > turnMs) return false
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
