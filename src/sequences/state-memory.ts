/** Blocks of one size share a chunk of about this size; a larger block has one of its own. */
const CHUNK_BYTES = 65_536

interface Chunk {
  /** Outside V8's heap. */
  readonly bytes: Uint8Array
  /** Places of blocks that nobody has. */
  readonly free: number[]
  readonly blocks: number
}

/** A piece of a chunk. */
export interface Block {
  readonly chunk: Chunk
  readonly place: number
  readonly length: number
}

/**
 * Memory for the states of many sequences. A buffer of its own for each would cost more than the states of a small
 * set: blocks of equal length lie side by side in chunks, and a chunk is given back when its last block is.
 */
export class StateMemory {
  /** By length of their blocks: chunks with room. */
  readonly #open = new Map<number, Set<Chunk>>()
  #bytes = 0

  /** Of the blocks that somebody has. */
  get bytes(): number {
    return this.#bytes
  }

  take(length: number): Block {
    let chunks = this.#open.get(length)
    if (chunks === undefined) {
      chunks = new Set()
      this.#open.set(length, chunks)
    }
    let [chunk] = chunks
    if (chunk === undefined) {
      const blocks = Math.max(1, Math.floor(CHUNK_BYTES / length))
      chunk = {
        bytes: new Uint8Array(blocks * length),
        free: Array.from({ length: blocks }, (_, i) => blocks - 1 - i),
        blocks
      }
      chunks.add(chunk)
    }
    const place = chunk.free.pop()!
    if (chunk.free.length === 0) this.#close(chunk, length)
    this.#bytes += length
    return { chunk, place, length }
  }

  /** To be called once for each block. */
  give({ chunk, place, length }: Block): void {
    chunk.free.push(place)
    this.#bytes -= length
    if (chunk.free.length === chunk.blocks) this.#close(chunk, length)
    else if (chunk.free.length === 1) {
      const chunks = this.#open.get(length)
      if (chunks === undefined) this.#open.set(length, new Set([chunk]))
      else chunks.add(chunk)
    }
  }

  #close(chunk: Chunk, length: number): void {
    const chunks = this.#open.get(length)
    chunks?.delete(chunk)
    if (chunks?.size === 0) this.#open.delete(length)
  }
}

/** The bytes of a block, which are somebody else's once it was given back. */
export function bytesOfBlock({ chunk, place, length }: Block): Uint8Array {
  return chunk.bytes.subarray(place * length, (place + 1) * length)
}
