/** Numbers that the same seed gives again (Mulberry32). */
export class Random {
  #state

  constructor(seed) {
    this.#state = seed >>> 0
  }

  /** 0 to below 1. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  /** An integer, 0 to below `end`. */
  below(end) {
    return Math.floor(this.next() * end)
  }

  of(list) {
    return list[this.below(list.length)]
  }

  chance(probability) {
    return this.next() < probability
  }
}
