import type { ParameterSet } from '../parameters/parameter-set.ts'
import type { Member } from './member.ts'
import type { PublishedSet } from './registry.ts'

/** The named sets as the pool published them, and those replaced or withdrawn that some worker may still use. */
export class PublishedSets {
  readonly #sets = new Map<string, PublishedSet>()
  readonly #retired = new Map<number, { readonly set: ParameterSet; readonly users: Set<Member> }>()
  readonly #onUnused: (set: ParameterSet) => void
  #nextHandle = 0

  /** @param onUnused is told of a retired set that no worker uses any more */
  constructor(onUnused: (set: ParameterSet) => void) {
    this.#onUnused = onUnused
  }

  /** For a worker that starts. */
  get byName(): ReadonlyMap<string, PublishedSet> {
    return this.#sets
  }

  put(name: string, set: ParameterSet, users: Iterable<Member>): PublishedSet {
    this.retire(name, users)
    const published = { handle: this.#nextHandle++, set }
    this.#sets.set(name, published)
    return published
  }

  retire(name: string, users: Iterable<Member>): void {
    const old = this.#sets.get(name)
    if (old === undefined) return
    this.#sets.delete(name)
    this.#retired.set(old.handle, { set: old.set, users: new Set(users) })
  }

  /** This worker uses a retired set no more. */
  letGo(handle: number, member: Member): void {
    const retired = this.#retired.get(handle)
    if (retired === undefined || !retired.users.delete(member) || retired.users.size > 0) return
    this.#retired.delete(handle)
    this.#onUnused(retired.set)
  }

  /** This worker has ended and uses nothing any more. */
  forget(member: Member): void {
    for (const handle of this.#retired.keys()) this.letGo(handle, member)
  }
}
