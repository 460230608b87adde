import { LstmError } from '../errors.ts'
import { Backlog } from './backlog.ts'
import type { Overload } from './overload.ts'
import { Rate } from './rate.ts'
import type { RunningValues } from './running-values.ts'

export interface AdmissionLimits {
  /** Most operations under way at once, on all workers together. */
  readonly maxPending: number
  /** Most bytes of bodies of operations under way and of those that are arriving. */
  readonly maxPendingBytes: number
  /** Left out: no bound on the time that an operation may wait. */
  readonly wait?: WaitLimit
}

interface WaitLimit {
  /** Most milliseconds that one operation more would wait, as fast as the others end. */
  readonly maxMs: number
  /** So many under way are let in however long they take. */
  readonly always: number
}

/** What a thread counts, by its place in the memory. */
const PENDING = 0
const BYTES = 1
const ARRIVING = 2
const ANSWERED = 3
/** How often it saw no backlog when something ended. */
const CALM = 4
const WIDTH = 5

/**
 * How much the service has taken on, and whether it takes on more. Each thread that lets requests in writes numbers of
 * its own and reads those of the others, a moment late at most, so that the bounds are kept to within what comes in
 * the same moment.
 */
export class Admission {
  readonly #limits: AdmissionLimits
  readonly #rate = new Rate()
  readonly #backlog: Backlog
  /** CALM of all threads at the last look at the backlog. */
  #calmBefore = 0
  readonly #running: RunningValues | undefined
  /** (threads, WIDTH) */
  readonly #all: Float64Array
  readonly #own: Float64Array

  /**
   * @param place which of the threads this is
   * @param running what operations hold once they run; where that is nearly all that they may, none comes in
   */
  constructor(limits: AdmissionLimits, memory = Admission.createMemory(1), place = 0, running?: RunningValues) {
    this.#limits = limits
    this.#running = running
    this.#backlog = new Backlog(limits.wait?.always ?? Number.POSITIVE_INFINITY)
    this.#all = new Float64Array(memory)
    this.#own = this.#all.subarray(place * WIDTH, (place + 1) * WIDTH)
  }

  static createMemory(threads: number): SharedArrayBuffer {
    return new SharedArrayBuffer(threads * WIDTH * Float64Array.BYTES_PER_ELEMENT)
  }

  /** A thread has ended with all that it had. */
  static forget(memory: SharedArrayBuffer, place: number): void {
    new Float64Array(memory, place * WIDTH * Float64Array.BYTES_PER_ELEMENT, WIDTH).fill(0)
  }

  /** Bytes of bodies that are on their way in and no operation yet; whoever takes them in counts them. */
  get arrivingBytes(): number {
    return this.#own[ARRIVING]
  }

  set arrivingBytes(bytes: number) {
    this.#own[ARRIVING] = bytes
  }

  /**
   * May an operation with a body of so many bytes come in? Large as it is, one that is alone may.
   * @throws LSTM_ERR_OVERLOADED
   */
  check(bytes: number): void {
    const reason = this.#tooMuch() ?? this.#tooManyBytes(bytes)
    if (reason !== undefined) throw new LstmError('LSTM_ERR_OVERLOADED', reason)
  }

  /**
   * May so many bytes more of a body come in that was let in?
   * @throws LSTM_ERR_OVERLOADED
   */
  checkBytes(bytes: number): void {
    const reason = this.#tooManyBytes(bytes)
    if (reason !== undefined) throw new LstmError('LSTM_ERR_OVERLOADED', reason)
  }

  /** Whatever the operation may be. */
  #tooMuch(): Overload | undefined {
    const { maxPending, wait } = this.#limits
    const { pending } = this
    if (pending >= maxPending) return ['the requests under way', maxPending, 'LSTM_MAX_PENDING']
    if (wait !== undefined) {
      const calm = this.#sum(CALM)
      // a thread that nobody asks anything does not see by itself that a backlog is over
      if (calm !== this.#calmBefore) this.#backlog.forget()
      this.#calmBefore = calm
      if (this.#backlog.waitMs(pending, this.#sum(ANSWERED)) > wait.maxMs) {
        return ['the wait in milliseconds', wait.maxMs, 'LSTM_MAX_WAIT_MS']
      }
    }
    return this.#running?.overload
  }

  #tooManyBytes(bytes: number): Overload | undefined {
    const { maxPendingBytes } = this.#limits
    const others = this.#sum(BYTES) + this.#sum(ARRIVING)
    if (others === 0 || others + bytes <= maxPendingBytes) return undefined
    return ['the bytes of all requests under way', maxPendingBytes, 'LSTM_MAX_PENDING_BYTES']
  }

  /** Operations under way, on all threads. */
  get pending(): number {
    return this.#sum(PENDING)
  }

  /** Of all threads. */
  #sum(count: number): number {
    let sum = 0
    for (let at = count; at < this.#all.length; at += WIDTH) sum += this.#all[at]
    return sum
  }

  begin(bytes: number): void {
    this.#own[PENDING]++
    this.#own[BYTES] += bytes
  }

  end(bytes: number): void {
    this.#own[PENDING]--
    this.#own[BYTES] -= bytes
    const { wait } = this.#limits
    if (wait !== undefined && this.pending < wait.always) this.#own[CALM]++
  }

  /** An operation did what it was for. What is refused or breaks off in the middle says nothing of how fast others will be. */
  answered(): void {
    this.#own[ANSWERED]++
    this.#rate.count()
  }

  /** Seconds until what this thread has under way will have been answered, at the rate of the last moment. */
  get secondsToIdle(): number {
    return this.#rate.secondsFor(this.#own[PENDING])
  }
}
