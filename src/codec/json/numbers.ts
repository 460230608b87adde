import * as ascii from './ascii.ts'
import { DecimalReader, EXACT_INTEGERS, POWERS_OF_TEN, roundsForSure } from './decimal.ts'

const KEPT_VALUES = 1 << 20

/**
 * The numbers of the tensor being read, in one growing Float32Array that the next tensor uses again.
 */
export class NumberSink {
  values = new Float32Array(1 << 12)
  count = 0
  /** Whether the number at which the last run ended overflows float32. */
  overflowed = false

  reset(): void {
    this.count = 0
    this.overflowed = false
    // One large request shall not hold its memory for the life of the thread.
    if (this.values.length > KEPT_VALUES) this.values = new Float32Array(KEPT_VALUES)
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
 * time of a request in JSON goes, so it has no function call but for rare numbers: those of more than 9 digits before
 * the point, of more than 9 + 9 in all, and with an exponent.
 *
 * `bytes` has to end, but for whitespace, with a byte that belongs to no number; then no check of the end is needed.
 * @param from the position of the first byte of a number
 * @returns the position behind the last number that is whole, or that of a number that is malformed or overflows
 */
export function readNumbers(bytes: Uint8Array, from: number, sink: NumberSink): number {
  let { values, count } = sink
  let at = from
  for (;;) {
    const start = at
    let byte = bytes[at]
    const negative = byte === ascii.MINUS
    if (negative) byte = bytes[++at]
    let magnitude = byte - ascii.ZERO
    if (magnitude < 0 || magnitude > 9) break
    const firstDigit = at
    byte = bytes[++at]
    if (magnitude !== 0) {
      while (byte >= ascii.ZERO && byte <= ascii.NINE && at - firstDigit < 9) {
        magnitude = magnitude * 10 + (byte - ascii.ZERO)
        byte = bytes[++at]
      }
    }
    let value = magnitude
    if (byte === ascii.DOT) {
      const point = at
      // The nine digits of an int32, less those before the point.
      const full = at + 10 - (at - firstDigit)
      byte = bytes[++at]
      while (byte >= ascii.ZERO && byte <= ascii.NINE && at < full) {
        magnitude = magnitude * 10 + (byte - ascii.ZERO)
        byte = bytes[++at]
      }
      if (byte >= ascii.ZERO && byte <= ascii.NINE) {
        let low = 0
        while (byte >= ascii.ZERO && byte <= ascii.NINE && at < full + 9) {
          low = low * 10 + (byte - ascii.ZERO)
          byte = bytes[++at]
        }
        const integer = magnitude * POWERS_OF_TEN[at - full] + low
        value = integer / POWERS_OF_TEN[at - point - 1]
        if (integer >= EXACT_INTEGERS && !roundsForSure(value)) byte = ascii.ZERO
      } else {
        value = magnitude / POWERS_OF_TEN[at - point - 1]
      }
      if (at === point + 1) byte = ascii.ZERO
    }
    if ((byte >= ascii.ZERO && byte <= ascii.NINE) || byte === ascii.LOWER_E || byte === ascii.UPPER_E) {
      value = decimals.read(bytes, start)
      if (!(value - value === 0)) {
        sink.overflowed = !Number.isNaN(value)
        at = start
        break
      }
      at = decimals.end
      byte = bytes[at]
      if (count === values.length) values = sink.grow()
      values[count++] = value
    } else {
      if (count === values.length) values = sink.grow()
      values[count++] = negative ? -value : value
    }
    while (byte <= 0x20 && ascii.isSpace(byte)) byte = bytes[++at]
    if (byte !== ascii.COMMA) break
    const comma = at
    byte = bytes[++at]
    while (byte <= 0x20 && ascii.isSpace(byte)) byte = bytes[++at]
    if (byte !== ascii.MINUS && !(byte >= ascii.ZERO && byte <= ascii.NINE)) {
      at = comma
      break
    }
  }
  sink.count = count
  return at
}
