import * as ascii from './ascii.ts'

/** 10^0 … 10^308 as the nearest doubles; up to 10^22 they are exact. */
export const POWERS_OF_TEN = Float64Array.from({ length: 309 }, (_, exponent) => Number(`1e${exponent}`))

/** Integers below this are exact as doubles. */
export const EXACT_INTEGERS = 2 ** 53

/**
 * How far off a double may be, in units of its rounding, 2^-53: an integer put together of blocks of at most four
 * digits is exact up to 2^53 and then errs by 2 at each of at most four steps; the power of ten and the scaling add 1
 * each, what lies behind the last digit kept less than 1. `Number(text)` errs by 1 as well. That is 12; 2^-49 is 16.
 */
const BELOW = 1 - 2 ** -49
const ABOVE = 1 + 2 ** -49

/**
 * Whether every double so near to `approximation` that it could be `Number(text)` rounds to one float32. Rounding is
 * monotonic: when both ends of the interval round to the same float32, so does everything between them.
 */
export const roundsForSure = (approximation: number): boolean =>
  Math.fround(approximation * BELOW) === Math.fround(approximation * ABOVE)

/** `integer` · 10^`exponent` as a double that rounds to the right float32, or NaN if that is not sure. */
function scale(integer: number, exponent: number, significant: number): number {
  if (significant === 0) return 0
  // The integer has at most 18 digits, so here the outcome is far from what a float32 can hold.
  if (exponent < -300) return 0
  if (exponent > 300) return Number.POSITIVE_INFINITY
  const scaled = exponent < 0 ? integer / POWERS_OF_TEN[-exponent] : integer * POWERS_OF_TEN[exponent]
  const exact = integer < EXACT_INTEGERS && exponent >= -22 && exponent <= 22
  return exact || roundsForSure(scaled) ? scaled : Number.NaN
}

/**
 * Any number of the JSON grammar, to `Math.fround(Number(text))`, without making `text` unless the rounding hangs on
 * it. The digits go into two integers of nine digits each, of which the double is made; what comes after these eighteen
 * weighs less than 10^-17 of the value and only moves the decimal point. The exact case, an integer below 2^53 and a
 * power of ten up to 10^22, is Clinger's fast path (How to Read Floating Point Numbers Accurately, PLDI 1990).
 */
export class DecimalReader {
  /** Behind the number that was read last. */
  end = 0

  /**
   * @returns the float32 value, ±Infinity if it overflows, or NaN if the bytes at `start` are no JSON number.
   * `bytes` has to hold a byte behind the number that belongs to none.
   */
  read(bytes: Uint8Array, start: number): number {
    let at = start
    const negative = bytes[at] === ascii.MINUS
    if (negative) at++
    const first = at
    let high = 0
    let low = 0
    let lowScale = 1
    let significant = 0
    let fraction = 0
    let point = -1
    for (; ; at++) {
      const digit = bytes[at] - ascii.ZERO
      if (digit >= 0 && digit <= 9) {
        if (significant > 0 || digit > 0) {
          significant++
          if (significant <= 9) high = high * 10 + digit
          else if (significant <= 18) {
            low = low * 10 + digit
            lowScale *= 10
          }
        }
        if (significant <= 18) {
          if (point >= 0) fraction++
        } else if (point < 0) fraction--
      } else if (digit === ascii.DOT - ascii.ZERO && point < 0 && at > first) point = at
      else break
    }
    const integerDigits = (point < 0 ? at : point) - first
    if (integerDigits === 0 || point === at - 1) return Number.NaN
    if (integerDigits > 1 && bytes[first] === ascii.ZERO) return Number.NaN
    let exponent = -fraction
    if ((bytes[at] | 0x20) === ascii.LOWER_E) {
      at++
      const sign = bytes[at]
      if (sign === ascii.MINUS || sign === ascii.PLUS) at++
      const firstOfExponent = at
      let written = 0
      for (let digit = bytes[at] - ascii.ZERO; digit >= 0 && digit <= 9; digit = bytes[++at] - ascii.ZERO) {
        if (written < 1e9) written = written * 10 + digit
      }
      if (at === firstOfExponent) return Number.NaN
      exponent += sign === ascii.MINUS ? -written : written
    }
    this.end = at
    const magnitude = scale(high * lowScale + low, exponent, significant)
    if (magnitude >= 0) return Math.fround(negative ? -magnitude : magnitude)
    return Math.fround(Number(Buffer.from(bytes.buffer, bytes.byteOffset).toString('latin1', start, at)))
  }
}
