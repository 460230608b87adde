/** What is to happen at a moment, unless it is called off. */
export interface Deadline {
  readonly at: number
  readonly pass: () => void
}

/**
 * Deadlines of operations, nearly all of which are called off in time. One timer for them all: to set one for each and
 * clear it again takes as long as to read a small body.
 */
export class Deadlines {
  readonly #open = new Set<Deadline>()
  #timer: NodeJS.Timeout | undefined
  /** When the timer goes off. */
  #next = Number.POSITIVE_INFINITY

  /** @param ms from now on */
  add(ms: number, pass: () => void): Deadline {
    const deadline = { at: performance.now() + ms, pass }
    this.#open.add(deadline)
    if (deadline.at < this.#next) this.#arm(deadline.at)
    return deadline
  }

  callOff(deadline: Deadline): void {
    this.#open.delete(deadline)
  }

  #arm(at: number): void {
    clearTimeout(this.#timer)
    this.#next = at
    // nothing is kept going by a deadline but what it is the deadline of
    this.#timer = setTimeout(this.#due, Math.max(1, Math.ceil(at - performance.now()))).unref()
  }

  readonly #due = (): void => {
    this.#next = Number.POSITIVE_INFINITY
    const now = performance.now()
    let next = Number.POSITIVE_INFINITY
    for (const deadline of this.#open) {
      if (deadline.at > now) {
        next = Math.min(next, deadline.at)
      } else {
        this.#open.delete(deadline)
        deadline.pass()
      }
    }
    if (next < this.#next) this.#arm(next)
  }
}
