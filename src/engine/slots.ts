/**
 * Pieces of shared memory for bodies and answers. One thread, the owner, takes slots and fills them; another reads a
 * slot and gives it back. A slot's word of state is 0 while it is free, and each side only ever changes it from what the
 * other one cannot, so that there is nothing to lock.
 *
 * Why: a body that is moved as an ArrayBuffer is memory outside V8's heap, and V8 answers a few megabytes of it with a
 * full collection: every 30 ms under load, a third of the work for a small request. What does not fit into a free slot
 * is moved all the same.
 */
const KIB = 1024
const CLASSES = [
  { bytes: 16 * KIB, count: 64 },
  { bytes: 64 * KIB, count: 32 },
  { bytes: 512 * KIB, count: 16 }
]
const COUNT = CLASSES.reduce((sum, { count }) => sum + count, 0)
const STATE_BYTES = 4 * KIB
const TOTAL_BYTES = CLASSES.reduce((sum, { bytes, count }) => sum + bytes * count, STATE_BYTES)
const FREE = 0
const TAKEN = 1

/** Where each slot begins, and what it holds at most. */
const offsets = new Int32Array(COUNT)
const capacities = new Int32Array(COUNT)
let slotIndex = 0
let offset = STATE_BYTES
for (const { bytes, count } of CLASSES) {
  for (let i = 0; i < count; i++, slotIndex++, offset += bytes) {
    offsets[slotIndex] = offset
    capacities[slotIndex] = bytes
  }
}

/** Memory for the slots of one owner; pages that are never written to cost nothing. */
export function createSlotMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(TOTAL_BYTES)
}

export class Slots {
  readonly #memory: SharedArrayBuffer
  readonly #state: Int32Array

  constructor(memory: SharedArrayBuffer) {
    this.#memory = memory
    this.#state = new Int32Array(memory, 0, COUNT)
  }

  /** For the owner: the smallest free slot for so many bytes, if there is one. The lowest are warm in the caches. */
  take(bytes: number): number | undefined {
    for (let slot = 0; slot < COUNT; slot++) {
      if (capacities[slot] < bytes || Atomics.load(this.#state, slot) !== FREE) continue
      this.#state[slot] = TAKEN
      return slot
    }
    return undefined
  }

  /** The first `length` bytes of a slot that is taken. */
  bytes(slot: number, length: number): Uint8Array<SharedArrayBuffer> {
    return new Uint8Array(this.#memory, offsets[slot], length)
  }

  /** For either side: nobody looks into the slot any more. */
  give(slot: number): void {
    Atomics.store(this.#state, slot, FREE)
  }
}
