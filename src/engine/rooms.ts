/** Sizes are powers of two from the first to the last of these. */
const LEAST_BYTES = 128 * 1024
const MOST_BYTES = 1024 * 1024

/** What is smaller is soon collected, and need not be kept. */
const SMALL_BYTES = 64 * 1024

/** So much is kept for the next ones; pages that were never written to cost nothing. */
const MOST_SPARE_BYTES = 16 * 1024 * 1024

/**
 * Memory for large bodies that is lent and used again. A buffer for each would live as long as its request, long enough
 * for V8 to take it for old, and V8 answers a few megabytes of old buffers with a collection of its whole heap: twelve
 * a second under load, a third of all processor time.
 */
export class Rooms<Memory extends ArrayBufferLike> {
  readonly #make: (bytes: number) => Memory
  readonly #spares = new Map<number, Memory[]>()
  readonly #lent = new WeakSet<Uint8Array>()
  #spareBytes = 0

  /** @param make new memory */
  constructor(make: (bytes: number) => Memory) {
    this.#make = make
  }

  /** Memory for so many bytes, with whatever was there before; undefined where they are too few or too many to keep room for. */
  lend(bytes: number): Uint8Array<Memory> | undefined {
    if (bytes <= SMALL_BYTES || bytes > MOST_BYTES) return undefined
    let size = LEAST_BYTES
    while (size < bytes) size *= 2
    let memory = this.#spares.get(size)?.pop()
    if (memory === undefined) memory = this.#make(size)
    else this.#spareBytes -= size
    const room = new Uint8Array(memory, 0, bytes)
    this.#lent.add(room)
    return room
  }

  /** Nobody reads what was lent any more. It need not be called; for anything else, or a second time, it does nothing. */
  giveBack(room: Uint8Array): void {
    if (!this.#lent.delete(room)) return
    const { byteLength: size } = room.buffer
    if (this.#spareBytes + size > MOST_SPARE_BYTES) return
    this.#spareBytes += size
    const spares = this.#spares.get(size)
    if (spares === undefined) this.#spares.set(size, [room.buffer as Memory])
    else spares.push(room.buffer as Memory)
  }
}
