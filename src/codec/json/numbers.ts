import * as ascii from './ascii.ts'
import { DecimalReader, EXACT_INTEGERS, POWERS_OF_TEN, roundsForSure } from './decimal.ts'

// V8 folds a module's own constants into the code and loads imported ones at each use: here that is twice the time.
const { COMMA, DOT, LOWER_E, MINUS, NINE, UPPER_E, ZERO } = ascii
const TAB = 0x09
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const SPACE = 0x20
const POWERS = POWERS_OF_TEN
const EXACT = EXACT_INTEGERS

const KEPT_VALUES = 1 << 20

/** The numbers of the tensor that is being read, in one growing Float32Array that the next tensor uses again. */
export class NumberSink {
  values = new Float32Array(1 << 12)
  count = 0
  /** Whether the number at which the last run ended overflows float32. */
  overflowed = false

  reset(): void {
    this.count = 0
    this.overflowed = false
  }

  /** The numbers, in a buffer of their own and of their size. */
  take(): Float32Array<ArrayBuffer> {
    const taken = this.values.slice(0, this.count)
    // One large request shall not hold its memory for the life of the thread.
    if (this.values.length > KEPT_VALUES) this.values = new Float32Array(KEPT_VALUES)
    return taken
  }

  grow(): Float32Array<ArrayBuffer> {
    const grown = new Float32Array(this.values.length * 2)
    grown.set(this.values)
    this.values = grown
    return grown
  }
}

const decimals = new DecimalReader()

/**
 * Reads numbers with commas between them into `sink`, for as long as a number follows a comma. This loop is where the
 * time of a request in JSON goes: it takes the digits behind the point four at a time, decides nothing by the sign,
 * which no branch predictor can guess, and calls out for rare numbers only: those with an exponent, with more than 9
 * digits before the point or 19 behind it, and those too close to the middle between two float32s.
 *
 * `bytes` has to end, but for whitespace, with a byte that belongs to no number; then no check of the end is needed.
 * @param view on the same memory as `bytes`
 * @param from the position of the first byte of a number
 * @returns the position behind the last number that is whole, or that of a number that is malformed or overflows
 */
export function readNumbers(bytes: Uint8Array, view: DataView, from: number, sink: NumberSink): number {
  const lastBlock = bytes.length - 4
  let { values, count } = sink
  let at = from
  let resume = from
  for (;;) {
    const start = at
    const sign = ((bytes[at] ^ MINUS) - 1) >>> 31
    at += sign
    let integer = bytes[at] - ZERO
    if (integer < 0 || integer > 9) {
      at = resume
      break
    }
    let byte = bytes[++at]
    let rare = false
    if (byte !== DOT) {
      const second = at
      while (byte >= ZERO && byte <= NINE && at < second + 8) {
        integer = integer * 10 + (byte - ZERO)
        byte = bytes[++at]
      }
      // A zero may not lead.
      rare = at > second && bytes[second - 1] === ZERO
    }
    let value = integer
    if (byte === DOT) {
      const point = at++
      while (at <= lastBlock && at < point + 17) {
        // Each byte less '0'; all four are digits if none is above 9, which adding 0x76 would carry into its top bit.
        let block = view.getInt32(at, true) ^ 0x30303030
        if ((((block + 0x76767676) | block) & -0x7f7f7f80) !== 0) break
        // Neighbours become numbers of two digits, these one of four.
        block = (Math.imul(block, 10) + (block >>> 8)) & 0x00ff00ff
        integer = integer * 10000 + (Math.imul(block & 0xff, 100) + (block >>> 16))
        at += 4
      }
      const tailAt = at
      let tail = 0
      byte = bytes[at]
      while (byte >= ZERO && byte <= NINE && at < tailAt + 3) {
        tail = tail * 10 + (byte - ZERO)
        byte = bytes[++at]
      }
      integer = integer * POWERS[at - tailAt] + tail
      value = integer / POWERS[at - point - 1]
      rare ||= at === point + 1 || (integer >= EXACT && !roundsForSure(value))
    }
    if (rare || (byte >= ZERO && byte <= NINE) || byte === LOWER_E || byte === UPPER_E) {
      value = decimals.read(bytes, start)
      if (!(value - value === 0)) {
        sink.overflowed = !Number.isNaN(value)
        at = start
        break
      }
      // The sign is in it already.
      value *= 1 - 2 * sign
      at = decimals.end
      byte = bytes[at]
    }
    if (count === values.length) values = sink.grow()
    values[count++] = value * (1 - 2 * sign)
    while (byte === SPACE || byte === LINE_FEED || byte === CARRIAGE_RETURN || byte === TAB) byte = bytes[++at]
    if (byte !== COMMA) break
    resume = at
    byte = bytes[++at]
    while (byte === SPACE || byte === LINE_FEED || byte === CARRIAGE_RETURN || byte === TAB) byte = bytes[++at]
  }
  sink.count = count
  return at
}
