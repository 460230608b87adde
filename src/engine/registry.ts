import type { ParameterSet } from '../parameters/parameter-set.ts'

/** A parameter set as it goes to a worker; the handle names this one putting-in of it. */
export interface PublishedSet {
  readonly handle: number
  readonly set: ParameterSet
}

interface Entry extends PublishedSet {
  holders: number
  replaced: boolean
}

/**
 * The named sets of a worker. A set that was replaced or withdrawn is reported idle once no request holds it any
 * more; the memory of the weights is given back when every worker has said so.
 */
export class SetRegistry {
  readonly #entries = new Map<string, Entry>()
  readonly #onIdle: (handle: number) => void

  constructor(published: ReadonlyMap<string, PublishedSet>, onIdle: (handle: number) => void) {
    this.#onIdle = onIdle
    for (const [name, each] of published) this.publish(name, each)
  }

  publish(name: string, published: PublishedSet): void {
    this.withdraw(name)
    this.#entries.set(name, { ...published, holders: 0, replaced: false })
  }

  withdraw(name: string): void {
    const entry = this.#entries.get(name)
    if (entry === undefined) return
    this.#entries.delete(name)
    entry.replaced = true
    if (entry.holders === 0) this.#onIdle(entry.handle)
  }

  /** The set under a name, held until `letGo` is called, which must happen once. */
  hold(name: string): { readonly set: ParameterSet; letGo(): void } | undefined {
    const entry = this.#entries.get(name)
    if (entry === undefined) return undefined
    entry.holders++
    return {
      set: entry.set,
      letGo: () => {
        entry.holders--
        if (entry.replaced && entry.holders === 0) this.#onIdle(entry.handle)
      }
    }
  }
}
