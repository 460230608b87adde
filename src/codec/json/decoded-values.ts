import { floats, PIECE_FLOATS } from './wasm/module.ts'

/** Tensors begin at multiples of this, a line of the cache. */
const LINE_FLOATS = 16

/** Behind this a tensor is not left where it was decoded: the next one needs room for a piece. */
const LAST = floats.length - PIECE_FLOATS - LINE_FLOATS

/**
 * Where the values of decoded tensors lie. Those of a document of which they are used at once, and not looked at again,
 * are left in the memory of the WASM code: a Float32Array of its own for each was a third of the garbage of a request.
 */
class DecodedValues {
  /** The index in `floats` from which on nothing lies that somebody wants; room for a piece is always behind it. */
  free = 0
  #shortLived = false

  /** Before a document is read. @param shortLived nobody uses its tensors when the next document is read, or written */
  begin(shortLived: boolean): void {
    this.free = 0
    this.#shortLived = shortLived
  }

  /** Whether `count` values can be decoded to where `free` says, all of them. */
  hasRoom(count: number): boolean {
    return this.free + count + LINE_FLOATS <= floats.length
  }

  /** The `count` values from `free` on. */
  take(count: number): Float32Array<ArrayBuffer> {
    const { free } = this
    const next = free + Math.ceil(count / LINE_FLOATS) * LINE_FLOATS
    if (!this.#shortLived || next > LAST) return floats.slice(free, free + count)
    this.free = next
    return floats.subarray(free, free + count)
  }
}

/** One a thread, like the memory. */
export const decodedValues = new DecodedValues()
