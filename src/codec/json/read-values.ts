import { decodedValues } from './decoded-values.ts'
import { floats } from './wasm/module.ts'

const KEPT_VALUES = 1 << 20

/**
 * Where the numbers of one tensor go as they are read: into the memory of the WASM code, and what does not fit there into
 * one growing Float32Array that the next tensor uses again.
 */
export class ReadValues {
  #kept = new Float32Array(1 << 12)
  #keptCount = 0
  /** How many numbers lie in `floats`, from `decodedValues.free` on. */
  #count = 0

  /** Before the first number of a tensor. */
  begin(): void {
    this.#keptCount = 0
    this.#count = 0
  }

  /** The index in `floats` where the next number goes. */
  get next(): number {
    return decodedValues.free + this.#count
  }

  /** So many numbers have been read to where `next` was. */
  add(count: number): void {
    this.#count += count
  }

  /** Makes room in `floats`. */
  keep(): void {
    const count = this.#keptCount + this.#count
    if (count > this.#kept.length) {
      const grown = new Float32Array(Math.max(count, 2 * this.#kept.length))
      grown.set(this.#kept.subarray(0, this.#keptCount))
      this.#kept = grown
    }
    const { free } = decodedValues
    this.#kept.set(floats.subarray(free, free + this.#count), this.#keptCount)
    this.#keptCount = count
    this.#count = 0
  }

  /** The numbers, as long-lived as the document's tensors shall be. */
  take(): Float32Array<ArrayBuffer> {
    if (this.#keptCount === 0) return decodedValues.take(this.#count)
    this.keep()
    const taken = this.#kept.slice(0, this.#keptCount)
    // One large request shall not hold its memory for the life of the thread.
    if (this.#kept.length > KEPT_VALUES) this.#kept = new Float32Array(KEPT_VALUES)
    return taken
  }
}
