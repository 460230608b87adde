/** So much is sent at once: a message costs some microseconds, whatever is in it. */
const PARCEL_BYTES = 256 * 1024

/** What the thread is told: the next bytes, all of each buffer; and that nobody needs the body. */
export type IntakeMessage =
  | {
      readonly type: 'pieces'
      readonly id: number
      readonly declared: number | undefined
      readonly pieces: readonly ArrayBuffer[]
    }
  | { readonly type: 'drop'; readonly id: number }

/** The thread that has the body, from here. */
interface Receiver {
  post(message: IntakeMessage, transfer?: ArrayBuffer[]): void
}

/**
 * A large body on its way to the background thread, which gets the pieces as they arrive. Nothing of it stays on the
 * HTTP thread: to make room for 64 MB there, page by page, takes 30 ms, and a buffer of that size makes V8 collect the
 * whole heap.
 */
export class Intake {
  readonly id: number
  /** Bytes so far. */
  length = 0
  readonly receiver: Receiver
  readonly #declared: number | undefined
  #parcel: Uint8Array<ArrayBuffer>[] = []
  #parcelBytes = 0
  #over = false
  readonly #onOver: () => void

  /**
   * @param declared how many bytes will come, where that is known
   * @param onOver is told when nothing more comes of it
   */
  constructor(id: number, receiver: Receiver, declared: number | undefined, onOver: () => void) {
    this.id = id
    this.receiver = receiver
    this.#declared = declared
    this.#onOver = onOver
  }

  /** @param piece is given away where it is all of its buffer */
  add(piece: Uint8Array): void {
    const own = piece.byteLength === piece.buffer.byteLength && piece.buffer instanceof ArrayBuffer
    this.#parcel.push(own ? (piece as Uint8Array<ArrayBuffer>) : new Uint8Array(piece))
    this.#parcelBytes += piece.length
    this.length += piece.length
    if (this.#parcelBytes >= PARCEL_BYTES) this.flush()
  }

  /** Sends what has not been sent yet. */
  flush(): void {
    const pieces = this.#parcel.map(({ buffer }) => buffer)
    this.#parcel = []
    this.#parcelBytes = 0
    if (pieces.length > 0) this.receiver.post({ type: 'pieces', id: this.id, declared: this.#declared, pieces }, pieces)
  }

  /** To be called in any case, when nobody needs the body any more. */
  drop(): void {
    if (this.#over) return
    this.#over = true
    this.receiver.post({ type: 'drop', id: this.id })
    this.#onOver()
  }
}
