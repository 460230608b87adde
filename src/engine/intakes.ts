import { joined } from './body.ts'
import { countDropped } from './garbage.ts'

/** The bodies that are arriving at the background thread, or wait there for the operation that reads them. */
export class Intakes {
  readonly #bodies = new Map<number, ArrivingBody>()
  /**
   * Room of a body that has been read, for the next one: to take 64 MB from the system and to give them back costs some
   * 30 ms each time. It goes with the thread.
   */
  #spare: Uint8Array<ArrayBuffer> | undefined

  add(id: number, declared: number | undefined, pieces: readonly ArrayBuffer[]): void {
    let body = this.#bodies.get(id)
    if (body === undefined) {
      body = new ArrivingBody(declared === undefined ? undefined : this.#room(declared))
      this.#bodies.set(id, body)
    }
    for (const piece of pieces) {
      countDropped(piece.byteLength)
      body.add(new Uint8Array(piece))
    }
  }

  /** The whole body; it is gone then. */
  take(id: number): Uint8Array<ArrayBuffer> {
    const body = this.#bodies.get(id)
    if (body === undefined) throw new Error(`no body ${id} has arrived`)
    this.#bodies.delete(id)
    return body.whole()
  }

  drop(id: number): void {
    this.#bodies.delete(id)
  }

  /** A body that was taken has been read, and nobody reads it any more. */
  giveBack(body: Uint8Array<ArrayBuffer>): void {
    if (body.buffer.byteLength > (this.#spare?.byteLength ?? 0)) this.#spare = new Uint8Array(body.buffer)
  }

  #room(bytes: number): Uint8Array<ArrayBuffer> {
    const spare = this.#spare
    if (spare === undefined || spare.length < bytes) return new Uint8Array(bytes)
    this.#spare = undefined
    return spare.subarray(0, bytes)
  }
}

class ArrivingBody {
  /** As long as the body, where that is known; memory becomes real as it is written to. */
  readonly #room: Uint8Array<ArrayBuffer> | undefined
  readonly #pieces: Uint8Array[] = []
  #length = 0

  constructor(room: Uint8Array<ArrayBuffer> | undefined) {
    this.#room = room
  }

  add(piece: Uint8Array): void {
    if (this.#room === undefined) this.#pieces.push(piece)
    else this.#room.set(piece, this.#length)
    this.#length += piece.length
  }

  whole(): Uint8Array<ArrayBuffer> {
    return this.#room ?? joined(this.#pieces)
  }
}
