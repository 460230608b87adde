import type { Keep, SetFolder } from './durable/folder.ts'
import { fileOf } from './durable/folder.ts'
import type { ParameterSet } from './parameter-set.ts'

/** Who has to know of a set before it can be used: the worker pool. */
export interface Publisher {
  publish(name: string, set: ParameterSet): void
  withdraw(name: string): void
  /** Gives the memory of a set back that was never published. */
  discard(set: ParameterSet): void
}

export interface StoredSet {
  readonly name: string
  readonly set: ParameterSet
  readonly created: Date
}

/** A file of the folder whose set is not there, and why. */
export interface NotLoaded {
  readonly file: string
  readonly reason: string
}

/**
 * The named sets, on the HTTP thread. A change is one assignment between two events: a request runs on the version
 * that was there when it was handed to a worker, and every request after the answer to a change sees the change.
 * With a folder a change is on the disk before it is seen. Changes of one name come one after the other.
 */
export class ParameterStore {
  readonly #stored = new Map<string, StoredSet>()
  readonly #notLoaded = new Map<string, NotLoaded>()
  readonly #publisher: Publisher
  readonly folder: SetFolder | undefined
  /** By name: the end of its last change so far. */
  readonly #changes = new Map<string, Promise<unknown>>()

  constructor(publisher: Publisher, folder?: SetFolder) {
    this.#publisher = publisher
    this.folder = folder
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

  /** Files of the folder that could not be read and whose names have not been put in anew. */
  get notLoaded(): NotLoaded[] {
    return [...this.#notLoaded.values()]
  }

  reportNotLoaded(notLoaded: NotLoaded): void {
    this.#notLoaded.set(notLoaded.file, notLoaded)
  }

  /** Takes a set over as it is, without touching the folder. */
  adopt(stored: StoredSet): void {
    this.#stored.set(stored.name, stored)
    this.#publisher.publish(stored.name, stored.set)
  }

  /**
   * Creates or replaces.
   * @param load makes the set, and writes it where `keep` says
   * @param check throws where the change must not be made; called before the work and again right before the change
   * @throws what `load` and `check` throw, LSTM_ERR_STORAGE_FULL, LSTM_ERR_STORAGE; the old set is still there then
   */
  async put(
    name: string,
    load: (keep: Keep | undefined) => Promise<ParameterSet>,
    check: () => void
  ): Promise<{ stored: StoredSet; replaced: boolean }> {
    check()
    const created = new Date()
    const keep = this.folder?.keep(name, created)
    try {
      const set = await load(keep)
      return await this.#inOrder(name, async () => {
        try {
          check()
          if (keep !== undefined) await this.folder!.commit(keep)
        } catch (error) {
          this.#publisher.discard(set)
          throw error
        }
        const replaced = this.#stored.has(name)
        const stored = { name, set, created }
        this.adopt(stored)
        this.#notLoaded.delete(fileOf(name))
        return { stored, replaced }
      })
    } catch (error) {
      if (keep !== undefined) await this.folder!.drop(keep)
      throw error
    }
  }

  /**
   * @param check throws where the set must not be deleted; called right before
   * @throws what `check` throws, LSTM_ERR_STORAGE; the set is still there then
   */
  delete(name: string, check: () => void): Promise<void> {
    return this.#inOrder(name, async () => {
      check()
      await this.folder?.remove(name)
      this.#stored.delete(name)
      this.#publisher.withdraw(name)
    })
  }

  #inOrder<T>(name: string, change: () => Promise<T>): Promise<T> {
    const changed = (this.#changes.get(name) ?? Promise.resolve()).then(change)
    const over = changed
      .catch(() => {})
      .then(() => {
        if (this.#changes.get(name) === over) this.#changes.delete(name)
      })
    this.#changes.set(name, over)
    return changed
  }
}
