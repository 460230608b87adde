/** Most ids that are remembered; the oldest are forgotten first, and then count as never seen. */
const REMEMBERED = 10_000

/** Ids of sequences that have expired, and when. */
export class Expired {
  readonly #when = new Map<string, number>()
  /** So far. */
  count = 0

  add(key: string, when: number): void {
    this.count++
    this.#when.delete(key)
    this.#when.set(key, when)
    if (this.#when.size <= REMEMBERED) return
    const [oldest] = this.#when.keys()
    this.#when.delete(oldest)
  }

  /** Milliseconds since 1970. */
  when(key: string): number | undefined {
    return this.#when.get(key)
  }

  forget(key: string): void {
    this.#when.delete(key)
  }
}
