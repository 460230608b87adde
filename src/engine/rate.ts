/** Over how long the rate is measured. */
const WINDOW_MS = 1000

/** How many operations are answered in a second: of the last whole window, or of this one where it is longer ago. */
export class Rate {
  #begin = performance.now()
  #count = 0
  #perSecond = 0

  count(): void {
    this.#roll()
    this.#count++
  }

  /** Whole seconds until so many will have been answered at this rate, 1 to 60. */
  secondsFor(operations: number): number {
    this.#roll()
    if (this.#perSecond === 0) return 1 // nothing is known yet
    return Math.min(60, Math.max(1, Math.ceil(operations / this.#perSecond)))
  }

  #roll(): void {
    const now = performance.now()
    const ms = now - this.#begin
    if (ms < WINDOW_MS) return
    this.#perSecond = (this.#count * 1000) / ms
    this.#begin = now
    this.#count = 0
  }
}
