/** From here on the past counts half, if enough has ended to know the rate by, or else at the latest. */
const WINDOW_MS = 1000
const LONGEST_MS = 10_000

/**
 * How long one operation more would wait, by how fast the others end while more are there than can be worked on at once.
 * The rate of all time would not tell: with little to do it is that at which requests come.
 */
export class Backlog {
  readonly #always: number
  #begin: number | undefined
  #endedBefore = 0

  /** @param always so many under way are no backlog */
  constructor(always: number) {
    this.#always = always
  }

  /** What there was before is over. */
  forget(): void {
    this.#begin = undefined
  }

  /**
   * @param pending operations under way
   * @param ended how many have ended since the beginning of time
   * @param now of a clock in milliseconds
   * @returns milliseconds; 0 without a backlog. What may end all at once in the next moment, as sequences that are
   *   stepped together do, is taken to have ended: nobody is refused for what is not known yet
   */
  waitMs(pending: number, ended: number, now = performance.now()): number {
    if (pending < this.#always) {
      this.forget()
      return 0
    }
    // fewer than before: a thread has ended, and its count with it
    if (this.#begin === undefined || ended < this.#endedBefore) {
      this.#begin = now
      this.#endedBefore = ended
      return 0
    }
    const ms = now - this.#begin
    const count = ended - this.#endedBefore
    if ((ms > WINDOW_MS && count > 4 * this.#always) || ms > LONGEST_MS) {
      this.#begin += ms / 2
      this.#endedBefore += count / 2
    }
    return (pending * ms) / (count + this.#always)
  }
}
