import { LstmError } from '../errors.ts'
import type { PartOutcome } from './messages.ts'
import type { Part, PartCost } from './part.ts'
import { partsWorthwhile, split } from './split.ts'
import type { Stepper } from './stepper.ts'

interface Given {
  readonly resolve: (cost: PartCost) => void
  readonly reject: (error: Error) => void
}

/**
 * Wide jobs on several workers. A job with many rows is cut into parts; the first is stepped here, the others are
 * handed to the pool, which gives each to a worker that has nothing to do, or back to this one. The memory is shared:
 * a part moves as a few views.
 */
export class Sharing {
  readonly #stepper: Stepper
  readonly #workers: number
  readonly #handOver: (id: number, part: Part) => void
  readonly #given = new Map<number, Given>()
  #nextId = 0

  /** @param handOver gives a part to the pool, which will say by `ended` what became of it */
  constructor(stepper: Stepper, workers: number, handOver: (id: number, part: Part) => void) {
    this.#stepper = stepper
    this.#workers = workers
    this.#handOver = handOver
  }

  /**
   * Runs a job to its end, and only then settles, however a part of it may end: somebody might still write to its
   * memory. Resolves with the milliseconds of the longest part and the executions of all.
   * @throws LSTM_ERR_CLIENT_GONE when it was stopped, LSTM_ERR_WORKER_LOST when a worker that had a part of it has ended, and what the kernel threw
   */
  async run(whole: Part): Promise<PartCost> {
    const count = partsWorthwhile(whole, this.#workers)
    if (count === 1) return this.#stepper.run(whole)
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

  #give(part: Part): Promise<PartCost> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++
      this.#given.set(id, { resolve, reject })
      this.#handOver(id, part)
    })
  }

  /** What became of a part that was handed over. */
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
