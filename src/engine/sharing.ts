import { LstmError } from '../errors.ts'
import type { Kernel } from '../kernels/kernel.ts'
import { Crew, type Hiring, type Place } from './crew.ts'
import type { PartOutcome } from './messages.ts'
import type { Part, PartCost } from './part.ts'
import { LEAST_WORK, partsWorthwhile, split, workLeft } from './split.ts'
import type { Stepper } from './stepper.ts'

interface Given {
  readonly resolve: (cost: PartCost) => void
  readonly reject: (error: Error) => void
}

export interface SharingOptions {
  readonly kernel: Kernel
  readonly stepper: Stepper
  /** Threads that a job may be divided among, this one included. */
  readonly workers: number
  /** Gives a part to the pool, which will say by `ended` what became of it. */
  readonly handOver: (id: number, part: Part) => void
  /** Offers a place in a crew through the pool, which will say by `ended` that nobody has it, or has it any more. */
  readonly offer: (id: number, place: Place) => void
  /** Whether some other worker seems to have nothing to do. */
  readonly someIdle: () => boolean
}

/** After an offer that nobody took, the next one waits. */
const REFUSED_MS = 4
/** And after time that was lost by waiting for a helper, so many times that long. */
const LOST_TIMES = 40

/**
 * Jobs on several workers. One with many rows is cut into parts; the first is stepped here, the others are handed to
 * the pool, which gives each to a worker that has nothing to do, or back to this one. One with few rows and much to
 * do gets a crew, which divides the units. The memory is shared: what is handed over moves as a few views.
 */
export class Sharing implements Hiring {
  readonly workers: number
  readonly #kernel: Kernel
  readonly #stepper: Stepper
  readonly #handOver: SharingOptions['handOver']
  readonly #offer: SharingOptions['offer']
  readonly #someIdle: SharingOptions['someIdle']
  readonly #given = new Map<number, Given>()
  #nextId = 0
  #noOfferBefore = 0

  constructor({ kernel, stepper, workers, handOver, offer, someIdle }: SharingOptions) {
    this.workers = workers
    this.#kernel = kernel
    this.#stepper = stepper
    this.#handOver = handOver
    this.#offer = offer
    this.#someIdle = someIdle
  }

  /**
   * Runs a job to its end, and only then settles, however a part of it may end: somebody might still write to its
   * memory. Resolves with the milliseconds of the longest part and the executions of all.
   * @throws LSTM_ERR_CLIENT_GONE when it was stopped, LSTM_ERR_WORKER_LOST when a worker that had a part of it has ended, and what the kernel threw
   */
  run(whole: Part): Promise<PartCost> {
    const count = partsWorthwhile(whole, this.workers)
    if (count > 1) return this.#runParts(whole, count)
    const possible = this.workers > 1 && this.#kernel.advanceShare !== undefined && workLeft(whole) >= LEAST_WORK
    return possible ? this.#runWithCrew(whole) : this.#stepper.run(whole)
  }

  async #runParts(whole: Part, count: number): Promise<PartCost> {
    const [first, ...others] = split(whole, count)
    const ends = await Promise.allSettled([...others.map((part) => this.#give(part)), this.#stepper.run(first)])
    let ms = 0
    let executions = 0
    for (const end of ends) {
      if (end.status === 'rejected') throw end.reason
      ms = Math.max(ms, end.value.ms)
      executions += end.value.executions
    }
    return { ms, executions }
  }

  async #runWithCrew(whole: Part): Promise<PartCost> {
    const crew = new Crew(this.#kernel, whole, this)
    try {
      return await this.#stepper.run(whole, crew)
    } finally {
      await crew.end()
    }
  }

  worthwhile(): boolean {
    return performance.now() >= this.#noOfferBefore && this.#someIdle()
  }

  async hire(place: Place): Promise<void> {
    const ended = new Promise<PartCost>((resolve, reject) => {
      const id = this.#nextId++
      this.#given.set(id, { resolve, reject })
      this.#offer(id, place)
    })
    // it may have been refused, or the helper lost: nothing of the job is lost with it
    await ended.catch(() => this.#noOfferFor(REFUSED_MS))
  }

  onLost(ms: number): void {
    this.#noOfferFor(LOST_TIMES * ms)
  }

  #noOfferFor(ms: number): void {
    this.#noOfferBefore = Math.max(this.#noOfferBefore, performance.now() + ms)
  }

  #give(part: Part): Promise<PartCost> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++
      this.#given.set(id, { resolve, reject })
      this.#handOver(id, part)
    })
  }

  /** What became of a part that was handed over, or of a place that was offered. */
  ended(id: number, outcome: PartOutcome): void {
    const given = this.#given.get(id)!
    this.#given.delete(id)
    if (outcome.type === 'computed') given.resolve(outcome)
    else if (outcome.type === 'fault') given.reject(faultOf(outcome.stack))
    else given.reject(new LstmError(outcome.type === 'lost' ? 'LSTM_ERR_WORKER_LOST' : 'LSTM_ERR_CLIENT_GONE', []))
  }
}

/** An error from another thread, with the stack that it had there. */
function faultOf(stack: string): Error {
  const error = new Error('a part of the job failed')
  error.stack = stack
  return error
}
