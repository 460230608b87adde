import { leastBusy, type Member } from './member.ts'

/** Operations that wait for a worker, by their numbers. */
export class WaitingLine {
  /** Those that came while no worker was there. */
  readonly #fresh: number[] = []
  /** Those that are to be run again. */
  readonly #suspects: number[] = []

  /** All of them. */
  get ids(): number[] {
    return [...this.#fresh, ...this.#suspects]
  }

  add(id: number): void {
    this.#fresh.push(id)
  }

  addAgain(id: number): void {
    this.#suspects.push(id)
  }

  forget(id: number): void {
    for (const waiting of [this.#fresh, this.#suspects]) {
      const at = waiting.indexOf(id)
      if (at >= 0) waiting.splice(at, 1)
    }
  }

  /**
   * Gives what waits to workers that are there. What is run again may have been why its worker ended, so it runs alone
   * on a worker: one is kept free of others for as long as there is any.
   */
  give(members: Iterable<Member>, give: (member: Member, id: number) => void): void {
    const all = [...members]
    for (const member of all) member.reserved &&= this.#suspects.length > 0
    for (const member of all) {
      if (!member.ready || member.load > 0 || this.#suspects.length === 0) continue
      const id = this.#suspects.shift()!
      member.reserved = true
      give(member, id)
    }
    if (this.#suspects.length > 0 && !all.some(({ reserved }) => reserved)) {
      const next = leastBusy(all)
      if (next !== undefined) next.reserved = true
    }
    for (const id of this.#fresh.splice(0)) {
      const member = leastBusy(all)
      if (member === undefined) this.#fresh.push(id)
      else give(member, id)
    }
  }
}
