import type { Admission } from './admission.ts'
import { CostModel } from './cost-model.ts'
import { Crowd, type CrowdMemory } from './crowd.ts'
import type { InferenceKind, Timing } from './messages.ts'

export interface InlineBounds {
  /** How long an inference may hold this thread up while others are under way, and when it is alone. */
  readonly busyMs: number
  readonly aloneMs: number
  /** How long one may take where a worker would have no core to itself. */
  readonly crowdedMs: number
  /** Longer bodies are handed over unseen: to decode one might take longer than it should. */
  readonly mostBytes: number
  /** Work for one turn of the event loop; when more comes at once it is for several threads. */
  readonly turnMs: number
}

/**
 * With one HTTP thread. To hand an inference over and back costs both threads together 30 to 40 µs; against that stands
 * that others wait here meanwhile.
 */
const oneThread: InlineBounds = { busyMs: 0.1, aloneMs: 0.25, crowdedMs: 0, mostBytes: 32_768, turnMs: 0.2 }

/** With several, but fewer than cores. */
const someThreads: InlineBounds = {
  busyMs: 1,
  aloneMs: 1,
  crowdedMs: 0,
  mostBytes: 262_144,
  turnMs: Number.POSITIVE_INFINITY
}

/**
 * With one on each core, which have equal shares of the connections: a worker would have to wait for a core too, and
 * to hand over a body of 140 KB and its answer takes 0.4 ms of the HTTP threads. What is computed goes in ticks,
 * between which others have their turn; it is reading and writing that hold them up, which `mostBytes` bounds.
 */
const threadPerCore: InlineBounds = { ...someThreads, crowdedMs: 10, mostBytes: 524_288 }

export function inlineBounds(httpThreads: number, cores: number): InlineBounds {
  if (httpThreads === 1) return oneThread
  return httpThreads < cores ? someThreads : threadPerCore
}

/** What a thread that takes requests shares with the others to decide what it runs itself. */
export interface InlineMemory extends CrowdMemory {
  /** Memory of CostModel. */
  readonly costs: SharedArrayBuffer
}

/**
 * Which inferences an HTTP thread runs itself: short ones, where handing them over would take longer than to run them,
 * and longer ones when they are alone and only their own sender waits, or when all cores have enough to do.
 */
export class InlinePolicy {
  readonly #bounds: InlineBounds
  readonly #costs: CostModel
  readonly #crowd: Pick<Crowd, 'isEverywhere'> | undefined
  /** Milliseconds of what was taken in this turn. */
  #taken = 0

  constructor(bounds = oneThread, costs = new CostModel(), crowd?: Pick<Crowd, 'isEverywhere'>) {
    this.#bounds = bounds
    this.#costs = costs
    this.#crowd = crowd
  }

  static of(memory: InlineMemory, admission: Pick<Admission, 'pending'>): InlinePolicy {
    const bounds = inlineBounds(memory.httpSlots.length, memory.cores)
    return new InlinePolicy(bounds, new CostModel(memory.costs), new Crowd(memory, admission))
  }

  /**
   * @param underWay how many operations are that this thread knows of
   * @param here how many of them it runs itself
   */
  takes(kind: InferenceKind, bytes: number, underWay: number, here = underWay): boolean {
    const { busyMs, aloneMs, crowdedMs, mostBytes, turnMs } = this.#bounds
    if (bytes > mostBytes) return false
    const ms = this.#costs.estimate(kind, bytes)
    if (ms > (underWay === 0 ? aloneMs : busyMs)) return ms <= crowdedMs && (this.#crowd?.isEverywhere(here) ?? false)
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
