import { LstmError } from '../errors.ts'
import type { Overload } from './overload.ts'

/** Above this part of the limit none is let in any more: those that are on their way would be read and then refused. */
const NEARLY_FULL = 15 / 16

/**
 * How many float32 values the running requests of all workers hold together. Each worker writes its own number and
 * reads those of the others, a moment late at most, so that the bound is kept to within what starts in the same moment.
 */
export class RunningValues {
  readonly #all: Float64Array
  readonly #slot: number
  readonly #limit: number

  /** @param slot this worker's place */
  constructor(memory: SharedArrayBuffer, slot: number, limit = Number.POSITIVE_INFINITY) {
    this.#all = new Float64Array(memory)
    this.#slot = slot
    this.#limit = limit
  }

  static createMemory(workers: number): SharedArrayBuffer {
    return new SharedArrayBuffer(workers * Float64Array.BYTES_PER_ELEMENT)
  }

  /**
   * A request that is alone always starts: what one may need has a bound of its own.
   * @throws LSTM_ERR_OVERLOADED
   */
  take(values: number): void {
    const others = this.#sum()
    if (others > 0 && others + values > this.#limit) throw new LstmError('LSTM_ERR_OVERLOADED', this.#reason)
    this.#all[this.#slot] += values
  }

  /** Why no more should come in now; undefined while there is room. */
  get overload(): Overload | undefined {
    return this.#sum() > this.#limit * NEARLY_FULL ? this.#reason : undefined
  }

  get #reason(): Overload {
    return ['the float32 values of all running requests', this.#limit, 'LSTM_MAX_RUNNING_VALUES']
  }

  #sum(): number {
    let sum = 0
    for (const each of this.#all) sum += each
    return sum
  }

  /** Whether a thread in one of these places, this one aside, runs nothing; a moment late at most. */
  someIdle(slots: readonly number[]): boolean {
    for (const slot of slots) if (slot !== this.#slot && this.#all[slot] === 0) return true
    return false
  }

  give(values: number): void {
    this.#all[this.#slot] -= values
  }

  /** For the pool: a worker has ended with all that it had. */
  static forget(memory: SharedArrayBuffer, slot: number): void {
    new Float64Array(memory)[slot] = 0
  }
}
