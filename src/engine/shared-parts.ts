import type { Member } from './member.ts'
import type { PartOutcome } from './messages.ts'
import type { Part } from './part.ts'

interface GivenPart {
  readonly owner: Member
  /** The owner's own number for it. */
  readonly id: number
  readonly worker: Member
  readonly load: number
}

/** Parts of wide jobs on their way between workers: who gave each, and who has it. */
export class SharedParts {
  readonly #parts = new Map<number, GivenPart>()
  #nextId = 0

  /** Gives a part of `owner`'s job to a worker that has nothing to do, or else back to the owner. */
  give(owner: Member, id: number, part: Part, members: Iterable<Member>): void {
    let worker = owner
    for (const member of members) if (member.ready && member.load === 0) worker = member
    const load = part.passes[0].run.x.byteLength
    worker.load += load
    this.#parts.set(this.#nextId, { owner, id, worker, load })
    worker.post({ type: 'part', id: this.#nextId++, part })
  }

  ended(partId: number, outcome: PartOutcome): void {
    const given = this.#parts.get(partId)
    if (given === undefined) return // its owner has ended
    this.#parts.delete(partId)
    given.worker.load -= given.load
    given.owner.post({ type: 'part-ended', id: given.id, outcome })
  }

  /** A worker has ended: its parts are lost, and nobody waits for what it gave away. */
  forget(member: Member): void {
    for (const [partId, { owner, worker, load }] of this.#parts) {
      if (owner === member) {
        this.#parts.delete(partId)
        worker.load -= load
      } else if (worker === member) {
        this.ended(partId, { type: 'lost' })
      }
    }
  }
}
