import type { Keep, SetFolder } from './durable/folder.ts'
import { fileOf } from './durable/folder.ts'
import type { ParameterSet } from './parameter-set.ts'

/** Who has to know of a set before it can be used: the worker pool. */
export interface Publisher {
  publish(name: string, set: ParameterSet): void
  /** @param keep for it to be published again, or dropped */
  withdraw(name: string, keep?: boolean): void
  drop(set: ParameterSet): void
  /** Gives the memory of a set back that was never published. */
  discard(set: ParameterSet): void
}

/** How clients of the Open Inference Protocol are told to call a set: with sequences kept here, or each request for itself. */
export type Scheduling = 'sequence' | 'dynamic'

export interface StoredSet {
  readonly name: string
  readonly set: ParameterSet
  readonly created: Date
  /** A file holds it, from which it can be read again. */
  readonly inFile?: boolean
  /** How clients of the Open Inference Protocol are told to call it; left out: as it can be. */
  readonly scheduling?: Scheduling
}

/** What a change puts under a name. */
export type NewSet = Omit<StoredSet, 'name'>

/** A file of the folder whose set is not there, and why. */
export interface NotLoaded {
  readonly file: string
  readonly reason: string
}

/** A set that was taken out of service. */
export interface UnloadedSet {
  readonly version: string
  /** What no file holds is kept in memory. */
  readonly kept?: StoredSet
}

/**
 * The named sets, on the HTTP thread. A change is one assignment between two events: a request runs on the version
 * that was there when it was handed to a worker, and every request after the answer to a change sees the change.
 * With a folder a change is on the disk before it is seen. Changes of one name come one after the other.
 */
export class ParameterStore {
  readonly #stored = new Map<string, StoredSet>()
  readonly #notLoaded = new Map<string, NotLoaded>()
  readonly #unloaded = new Map<string, UnloadedSet>()
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

  /** The sets that were taken out of service, by name. */
  get unloaded(): ReadonlyMap<string, UnloadedSet> {
    return this.#unloaded
  }

  /** The set of a file that could not be read is there now. */
  forgetNotLoaded(file: string): void {
    this.#notLoaded.delete(file)
  }

  /** Takes a set over as it is, without touching the folder. */
  adopt(stored: StoredSet): void {
    this.#stored.set(stored.name, stored)
    this.#publisher.publish(stored.name, stored.set)
    this.#forgetUnloaded(stored.name)
  }

  /**
   * Takes a set out of service. What holds it stays: its file, or else its memory.
   * @returns whether there was one
   */
  unload(name: string): Promise<boolean> {
    return this.#inOrder(name, async () => {
      const stored = this.#stored.get(name)
      if (stored === undefined) return false
      const keep = stored.inFile !== true
      this.#stored.delete(name)
      this.#unloaded.set(name, { version: stored.set.version, ...(keep && { kept: stored }) })
      this.#publisher.withdraw(name, keep)
      return true
    })
  }

  /**
   * Puts under a name what can be read again, without touching the folder.
   * @throws what `read` throws; what was there goes on serving then
   */
  reload(name: string, read: () => Promise<NewSet>): Promise<void> {
    return this.#inOrder(name, async () => {
      this.adopt({ name, ...(await read()) })
    })
  }

  #forgetUnloaded(name: string): void {
    const kept = this.#unloaded.get(name)?.kept
    this.#unloaded.delete(name)
    if (kept !== undefined) this.#publisher.drop(kept.set)
  }

  /**
   * Creates or replaces.
   * @param load makes the set, and writes it where `keep` says
   * @param scheduling see StoredSet
   * @param check throws where the change must not be made; called before the work and again right before the change
   * @throws what `load` and `check` throw, LSTM_ERR_STORAGE_FULL, LSTM_ERR_STORAGE; the old set is still there then
   */
  async put(
    name: string,
    load: (keep: Keep | undefined) => Promise<ParameterSet>,
    check: () => void,
    scheduling?: Scheduling
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
        const inFile = keep !== undefined
        const stored = { name, set, created, inFile, ...(scheduling && { scheduling }) }
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
      this.#forgetUnloaded(name)
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
