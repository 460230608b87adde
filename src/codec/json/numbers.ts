import * as ascii from './ascii.ts'
import { ReadValues } from './read-values.ts'
import { FLOATS, floats, PIECE_FLOATS, readNumbers, result, TEXT, TEXT_BYTES, text } from './wasm/module.ts'

/** So much of a document is looked at first: most tensors of a small request are shorter. */
const FIRST_BYTES = 4096

/** A number that is cut off at the end of a piece begins behind this many bytes before it, or is read alone. */
const LONGEST = 64

/**
 * Reads the numbers of one tensor. The document goes into the memory of the WASM code piece by piece.
 *
 * The document has to end, but for whitespace, with a byte that belongs to no number; then every number that touches
 * its end is malformed.
 */
export class NumberReader {
  /** How many numbers the open row has. */
  inRow = 0
  /** How many rows the last run has ended. */
  rows = 0
  /** Whether the number at which the last run ended overflows float32. */
  overflowed = false
  readonly #values = new ReadValues()
  /** The piece of the document that lies in `text`. */
  #start = 0
  #end = 0

  /** Before the first number of a tensor. */
  begin(): void {
    this.#values.begin()
    this.#end = 0
    this.overflowed = false
  }

  /**
   * Reads numbers with commas between them for as long as a number follows a comma, and on into the next rows as long as
   * each has `rowLength` numbers.
   * @param from the position of the first byte of a number
   * @param rowLength 0 if the rows have no length yet
   * @param inRow how many numbers of the row have been read before
   * @returns the position behind the last number, or that of a number that is malformed or overflows
   */
  read(bytes: Uint8Array, from: number, rowLength: number, inRow: number): number {
    let at = from
    this.rows = 0
    this.inRow = inRow
    if (at >= this.#end) this.#load(bytes, at, FIRST_BYTES)
    for (;;) {
      const begin = TEXT - this.#start
      const to = FLOATS + 4 * this.#values.next
      at = readNumbers(begin + at, begin + this.#end, to, rowLength, this.inRow) - begin
      this.#values.add(result[0])
      this.rows += result[1]
      this.inRow = result[2]
      if (result[3] === 0) return at
      if (this.#end === bytes.length || at === this.#start || at < this.#end - LONGEST) {
        return this.#readExactly(bytes, at)
      }
      this.#load(bytes, at, TEXT_BYTES)
    }
  }

  /** The numbers, as long-lived as the document's tensors shall be. */
  take(): Float32Array<ArrayBuffer> {
    return this.#values.take()
  }

  #load(bytes: Uint8Array, from: number, byteLength: number): void {
    if (this.#values.next + PIECE_FLOATS > floats.length) this.#values.keep()
    this.#start = from
    this.#end = Math.min(from + byteLength, bytes.length)
    text.set(bytes.subarray(from, this.#end))
  }

  /** What the code leaves: numbers next to the middle between two float32s, longer than a piece, too large or malformed. */
  #readExactly(bytes: Uint8Array, start: number): number {
    const end = endOfNumber(bytes, start)
    const value = exactNumber(bytes, start, end)
    if (value === undefined) return start
    this.overflowed = !Number.isFinite(value)
    if (this.overflowed) return start
    floats[this.#values.next] = value
    this.#values.add(1)
    this.inRow++
    return end
  }
}

/** Behind the bytes from `start` on of which numbers are made. */
export function endOfNumber(bytes: Uint8Array, start: number): number {
  let end = start
  while (belongsToNumber(bytes[end])) end++
  return end
}

/** The float32 that a text rounds to, perhaps an infinity; undefined if it is no number. */
export function exactNumber(bytes: Uint8Array, start: number, end: number): number | undefined {
  const number = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
  return NUMBER.test(number) ? Math.fround(Number(number)) : undefined
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/

const belongsToNumber = (byte: number): boolean =>
  ascii.isDigit(byte) ||
  byte === ascii.DOT ||
  byte === ascii.MINUS ||
  byte === ascii.PLUS ||
  byte === ascii.LOWER_E ||
  byte === ascii.UPPER_E
