import { withCall } from '../protocols/v2/call.ts'
import { bodyLength, given, joined, shareInto } from './body.ts'
import type { Member } from './member.ts'
import { type Inference, inferenceKinds } from './messages.ts'
import type { Work } from './pending.ts'
import { createSlotMemory, Slots } from './slots.ts'

/** How bodies get to workers: in a slot of shared memory where one is free, else moved with a message. */
export class Bodies {
  readonly memory = createSlotMemory()
  readonly #slots = new Slots(this.memory)
  /** By slot: the operation that it was last taken for. */
  readonly #users = new Map<number, number>()

  /** @returns the slot that the body was put into, where there was one for it */
  send(member: Member, id: number, work: Work): number | undefined {
    if (!('body' in work)) {
      member.post({ type: 'run', id, operation: work })
      return undefined
    }
    if (isInference(work)) {
      const { kind } = work
      const body = withCall(work.call, work.body)
      const bytes = bodyLength(body)
      const slot = this.#slots.take(bytes)
      if (slot !== undefined) {
        this.#users.set(slot, id)
        shareInto(body, this.#slots.bytes(slot, bytes))
        if (member.infer(id, inferenceKinds.indexOf(kind), slot, bytes)) return slot
        this.#slots.give(slot)
      }
      // it keeps its body, to be run again if its worker ends
      const whole = joined(body)
      member.post({ type: 'run', id, operation: { kind, body: whole } }, [whole.buffer])
      return undefined
    }
    const whole = given(work.body) // a file is too large for two of it
    member.post({ type: 'run', id, operation: { ...work, body: whole } }, [whole.buffer])
    return undefined
  }

  /** The worker has ended. It may have given the slot back before, and another operation may have it by now. */
  lost(id: number, slot: number | undefined): void {
    if (slot !== undefined && this.#users.get(slot) === id) this.#slots.give(slot)
  }
}

function isInference(work: Work): work is Inference {
  return (inferenceKinds as readonly string[]).includes(work.kind)
}
