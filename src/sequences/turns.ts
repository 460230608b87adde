/** Subscribes to the moment from which nobody wants to wait any more. @returns what ends the subscription */
export type WhenGone = (gone: (reason: Error) => void) => () => void

/** Work on one key is done one after the other, in the order in which it was asked for; keys know nothing of each other. */
export class Turns {
  /** Those that wait, for each key that somebody has the turn of. */
  readonly #waiting = new Map<string, (() => void)[]>()

  /** Whether somebody has the turn of a key. */
  taken(key: string): boolean {
    return this.#waiting.has(key)
  }

  /**
   * Does the work when its turn comes: at once, where nobody has it.
   * @param whenGone left out: it waits for as long as it takes
   * @throws the reason for which nobody wants to wait any more, and what the work throws; the others' turns come anyway
   */
  async take<T>(key: string, work: () => Promise<T>, whenGone?: WhenGone): Promise<T> {
    const waiting = this.#waiting.get(key)
    if (waiting === undefined) this.#waiting.set(key, [])
    else await this.#wait(waiting, whenGone)
    try {
      return await work()
    } finally {
      const next = this.#waiting.get(key)!.shift()
      if (next === undefined) this.#waiting.delete(key)
      else next()
    }
  }

  #wait(waiting: (() => void)[], whenGone?: WhenGone): Promise<void> {
    return new Promise((resolve, reject) => {
      let stay = () => {}
      const go = () => {
        stay()
        resolve()
      }
      waiting.push(go)
      if (whenGone === undefined) return
      stay = whenGone((reason) => {
        const at = waiting.indexOf(go)
        if (at < 0) return
        waiting.splice(at, 1)
        stay()
        reject(reason)
      })
    })
  }
}
