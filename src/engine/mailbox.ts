/**
 * Short messages of numbers from one thread to another through shared memory, in order. Posting to a port costs some
 * ten microseconds on each side; here only a receiver that is not looking already is called by its port, so that the
 * messages of a busy moment go together.
 *
 * A ring with one sender and one receiver. `sent` and `taken` count for ever and wrap around together; an entry is
 * published by the store of `sent` behind it.
 */
const CAPACITY = 1024
/** Numbers of an entry. */
const WIDTH = 10
/** Indexes of words in the head, each on a line of the cache of its own. */
const SENT = 0
const TAKEN = 16
/** 1 from the moment that the receiver has been called until it looks. */
const CALLED = 32
const HEAD_BYTES = 256

export function createMailboxMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(HEAD_BYTES + CAPACITY * WIDTH * Float64Array.BYTES_PER_ELEMENT)
}

export type Entry = readonly number[]

export class Mailbox {
  readonly #head: Int32Array
  readonly #entries: Float64Array

  constructor(memory: SharedArrayBuffer) {
    this.#head = new Int32Array(memory, 0, HEAD_BYTES / 4)
    this.#entries = new Float64Array(memory, HEAD_BYTES)
  }

  /**
   * For the sender. `call` has to make the receiver look, and is called only when it might not do so by itself.
   * @returns false when the box is full; nothing was sent then
   */
  send(entry: Entry, call: () => void): boolean {
    const head = this.#head
    const sent = Atomics.load(head, SENT)
    if (((sent - Atomics.load(head, TAKEN)) | 0) >= CAPACITY) return false
    this.#entries.set(entry, (sent & (CAPACITY - 1)) * WIDTH)
    Atomics.store(head, SENT, (sent + 1) | 0)
    if (Atomics.exchange(head, CALLED, 1) === 0) call()
    return true
  }

  /** For the receiver, when it is called: takes whatever is there. */
  receive(take: (entry: Entry) => void): void {
    const head = this.#head
    // first this, then the look: who sends behind the look calls again
    Atomics.store(head, CALLED, 0)
    for (;;) {
      const taken = Atomics.load(head, TAKEN) // each time anew: `take` may itself receive
      if (taken === Atomics.load(head, SENT)) return
      const at = (taken & (CAPACITY - 1)) * WIDTH
      const entry = Array.from(this.#entries.subarray(at, at + WIDTH))
      Atomics.store(head, TAKEN, (taken + 1) | 0)
      take(entry)
    }
  }
}
