/** Numbers of a front that both sides look at, by their index. */
const CONNECTIONS = 0
const POSTED = 1
const HANDLED = 2

/** What the main thread and a front tell each other without a message. */
export class Gauges {
  readonly memory: SharedArrayBuffer
  readonly #values: Int32Array

  constructor(memory = new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory
    this.#values = new Int32Array(memory)
  }

  /** Connections that the front was given and that are open. */
  get connections(): number {
    return Atomics.load(this.#values, CONNECTIONS)
  }

  connected(): void {
    Atomics.add(this.#values, CONNECTIONS, 1)
  }

  disconnected(): void {
    Atomics.sub(this.#values, CONNECTIONS, 1)
  }

  /** For the main thread, behind each message. */
  posted(): void {
    Atomics.add(this.#values, POSTED, 1)
  }

  /** For the front, in front of each message that it handles. */
  taken(): void {
    Atomics.add(this.#values, HANDLED, 1)
  }

  /** Messages that were posted and not taken. */
  get waiting(): number {
    return Atomics.load(this.#values, POSTED) - Atomics.load(this.#values, HANDLED)
  }
}
