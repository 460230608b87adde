import { joined } from './body.ts'
import { countDropped } from './garbage.ts'

/** The bodies that are arriving at the background thread, or wait there for the operation that reads them. */
export class Intakes {
  readonly #bodies = new Map<number, ArrivingBody>()

  add(id: number, declared: number | undefined, pieces: readonly ArrayBuffer[]): void {
    let body = this.#bodies.get(id)
    if (body === undefined) {
      body = new ArrivingBody(declared)
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
}

class ArrivingBody {
  /** Where its length is known; its memory becomes real as it is written to. */
  readonly #room: Uint8Array<ArrayBuffer> | undefined
  readonly #pieces: Uint8Array[] = []
  #length = 0

  constructor(declared: number | undefined) {
    this.#room = declared === undefined ? undefined : new Uint8Array(declared)
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
