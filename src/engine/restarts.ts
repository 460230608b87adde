/** Wait before a worker that ended is replaced, doubled each time it ends again without anything having been answered. */
const RESTART_MS = 10
const RESTART_MAX_MS = 5000
/** While workers are replaced faster than this, it is worth waiting for one. */
const LONGEST_WAIT_MS = 1000

/** When workers that ended are replaced. */
export class Restarts {
  /** How many were. */
  count = 0
  readonly #start: (slot: number) => void
  readonly #timers = new Set<NodeJS.Timeout>()
  #wait = RESTART_MS

  constructor(start: (slot: number) => void) {
    this.#start = start
  }

  /** Whether the next worker is too far away, or likely to end as the last ones did. */
  get hopeless(): boolean {
    return this.#wait > LONGEST_WAIT_MS
  }

  /** Something has been answered. */
  worked(): void {
    this.#wait = RESTART_MS
  }

  schedule(slot: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.count++
      this.#start(slot)
    }, this.#wait)
    this.#timers.add(timer)
    this.#wait = Math.min(2 * this.#wait, RESTART_MAX_MS)
  }

  cancel(): void {
    for (const timer of this.#timers) clearTimeout(timer)
  }
}
