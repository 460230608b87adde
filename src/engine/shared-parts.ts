import type { Place } from './crew.ts'
import type { Member } from './member.ts'
import type { FromWorker, LOOK, PartOutcome } from './messages.ts'
import type { Part } from './part.ts'

interface GivenPart {
  /** Undefined when it has ended. */
  owner: Member | undefined
  /** Called when the part is over and its owner has ended. */
  onOver?: () => void
  /** The owner's own number for it. */
  readonly id: number
  readonly worker: Member
  readonly load: number
  /** It is a place in a crew, which its worker leaves when it gets something to do. */
  readonly helps: boolean
}

type Said = Extract<Exclude<FromWorker, typeof LOOK>, { type: 'share' | 'offer' | 'helped' | 'part-ended' }>

/** Parts of jobs and places in crews on their way between workers: who gave each, and who has it. */
export class SharedParts {
  readonly #parts = new Map<number, GivenPart>()
  #nextId = 0

  /** What a worker says of parts and places. @param onFault is told of a fault that a helper met */
  receive(member: Member, message: Said, members: Iterable<Member>, onFault: (stack: string) => void): void {
    switch (message.type) {
      case 'share':
        this.give(member, message.id, message.part, members)
        break
      case 'offer':
        this.offer(member, message.id, message.place, members)
        break
      case 'helped':
        if (message.stack !== undefined) onFault(message.stack)
        this.ended(message.id, { type: 'computed', ms: 0, executions: 0 })
        break
      case 'part-ended':
        this.ended(message.id, message.outcome)
    }
  }

  /** Gives a part of `owner`'s job to a worker that has nothing to do, or else back to the owner. */
  give(owner: Member, id: number, part: Part, members: Iterable<Member>): void {
    let worker = owner
    for (const member of members) if (member.ready && member.load === 0) worker = member
    const load = part.passes[0].run.x.byteLength
    worker.load += load
    this.#parts.set(this.#nextId, { owner, id, worker, load, helps: false })
    worker.post({ type: 'part', id: this.#nextId++, part })
  }

  /** Offers a place in the crew of `owner`'s part to a worker that has nothing to do and helps nobody, if there is one. */
  offer(owner: Member, id: number, place: Place, members: Iterable<Member>): void {
    const helping = new Set<Member>()
    for (const { helps, worker } of this.#parts.values()) if (helps) helping.add(worker)
    for (const member of members) {
      if (!member.ready || member.load > 0 || member === owner || helping.has(member)) continue
      // no load: who helps is free for whatever comes
      this.#parts.set(this.#nextId, { owner, id, worker: member, load: 0, helps: true })
      member.post({ type: 'help', id: this.#nextId++, place })
      return
    }
    owner.post({ type: 'part-ended', id, outcome: { type: 'stopped' } })
  }

  ended(partId: number, outcome: PartOutcome): void {
    const given = this.#parts.get(partId)
    if (given === undefined) return
    this.#parts.delete(partId)
    given.worker.load -= given.load
    given.owner?.post({ type: 'part-ended', id: given.id, outcome })
    given.onOver?.()
  }

  /**
   * A worker has ended: its parts are lost, and nobody waits for what it gave away.
   * @param onUnused is called once no other worker is in the ended one's memory any more
   */
  forget(member: Member, onUnused: () => void): void {
    const over = () => {
      if (--orphans === 0) onUnused()
    }
    let orphans = 1 // until all have been looked at
    for (const given of this.#parts.values()) {
      if (given.owner !== member) continue
      given.owner = undefined
      given.onOver = over
      orphans++
    }
    for (const [partId, { worker }] of this.#parts) if (worker === member) this.ended(partId, { type: 'lost' })
    over()
  }
}
