import type { ParameterSet } from '../parameters/parameter-set.ts'
import type { PublishedSet } from './registry.ts'

/** A thread that uses sets; only who it is matters. */
export type SetUser = object

/** The named sets as the pool published them, and those replaced or withdrawn that some thread may still use. */
export class PublishedSets {
  readonly #sets = new Map<string, PublishedSet>()
  readonly #retired = new Map<number, { readonly set: ParameterSet; readonly users: Set<SetUser> }>()
  /** Sets without a name that may get one again. */
  readonly #kept = new Set<ParameterSet>()
  /** Works under way that use a set without being a thread that does. */
  readonly #works = new Set<SetUser>()
  readonly #onUnused: (set: ParameterSet) => void
  #nextHandle = 0

  /** @param onUnused is told of a retired set that no thread uses any more */
  constructor(onUnused: (set: ParameterSet) => void) {
    this.#onUnused = onUnused
  }

  /** For a thread that starts. */
  get byName(): ReadonlyMap<string, PublishedSet> {
    return this.#sets
  }

  put(name: string, set: ParameterSet, users: Iterable<SetUser>): PublishedSet {
    this.retire(name, users)
    const published = { handle: this.#nextHandle++, set }
    this.#sets.set(name, published)
    this.#kept.delete(set)
    return published
  }

  /** The set of this name stays when it is retired, to be put again or dropped. */
  keep(name: string): void {
    const published = this.#sets.get(name)
    if (published !== undefined) this.#kept.add(published.set)
  }

  /** A set that was kept will not be put again. */
  drop(set: ParameterSet): void {
    if (this.#kept.delete(set) && !this.#isUsed(set)) this.#onUnused(set)
  }

  retire(name: string, users: Iterable<SetUser>): void {
    const old = this.#sets.get(name)
    if (old === undefined) return
    this.#sets.delete(name)
    this.#retired.set(old.handle, { set: old.set, users: new Set([...users, ...this.#works]) })
  }

  /** Nothing that is retired during this work is given back before its end. */
  async during<T>(work: Promise<T>): Promise<T> {
    const user = {}
    this.#works.add(user)
    try {
      return await work
    } finally {
      this.#works.delete(user)
      this.forget(user)
    }
  }

  /** This thread uses a retired set no more. */
  letGo(handle: number, user: SetUser): void {
    const retired = this.#retired.get(handle)
    if (retired === undefined || !retired.users.delete(user) || retired.users.size > 0) return
    this.#retired.delete(handle)
    if (!this.#isUsed(retired.set)) this.#onUnused(retired.set)
  }

  /** A set that was put again has two handles for as long as requests of the first time are under way. */
  #isUsed(set: ParameterSet): boolean {
    const isIt = (each: { readonly set: ParameterSet }): boolean => each.set === set
    return this.#kept.has(set) || [...this.#sets.values()].some(isIt) || [...this.#retired.values()].some(isIt)
  }

  /** This thread has ended and uses nothing any more. */
  forget(user: SetUser): void {
    for (const handle of this.#retired.keys()) this.letGo(handle, user)
  }
}
