import type { ParameterSet } from './parameter-set.ts'

/** Who has to know of a set before it can be used: the worker pool. */
export interface Publisher {
  publish(name: string, set: ParameterSet): void
  withdraw(name: string): void
}

export interface StoredSet {
  readonly name: string
  readonly set: ParameterSet
  readonly created: Date
}

/**
 * The named sets, on the HTTP thread. A change is one assignment between two events: a request runs on the version
 * that was there when it was handed to a worker, and every request after the answer to a change sees the change.
 */
export class ParameterStore {
  readonly #stored = new Map<string, StoredSet>()
  readonly #publisher: Publisher

  constructor(publisher: Publisher) {
    this.#publisher = publisher
  }

  get size(): number {
    return this.#stored.size
  }

  /** In the order of the names. */
  list(): StoredSet[] {
    return [...this.#stored.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  get(name: string): StoredSet | undefined {
    return this.#stored.get(name)
  }

  /** Creates or replaces. */
  put(name: string, set: ParameterSet): StoredSet {
    const stored = { name, set, created: new Date() }
    this.#stored.set(name, stored)
    this.#publisher.publish(name, set)
    return stored
  }

  delete(name: string): void {
    this.#stored.delete(name)
    this.#publisher.withdraw(name)
  }
}
