/**
 * Any number of the JSON grammar to Math.fround(Number(text)). Up to 19 digits go into an integer; what comes after
 * them weighs less than 10^-18 of the value and only moves the decimal point. The exact case, an integer below 2^53 and
 * a power of ten up to 10^22, is Clinger's fast path (How to Read Floating Point Numbers Accurately, PLDI 1990).
 */
import { DOT, LOWER_E, MINUS, PLUS, ZERO } from './ascii'
import { POWERS_OF_TEN } from './regions'

const EXACT_INTEGERS: u64 = 1 << 53
/** Below this there is room for one more digit, and below that for eight. */
const ROOM_FOR_ONE: u64 = 1_000_000_000_000_000_000
const ROOM_FOR_EIGHT: u64 = 100_000_000_000

/**
 * How far off the double may be, in units of its rounding, 2^-53: making a double of the integer, the power of ten and
 * the scaling add 1 each, what lies behind the last digit kept less than 1. `Number(text)` errs by 1 as well. That is
 * 5; 2^-49 is 16.
 */
const BELOW: f64 = 0.99999999999999822364316059975
const ABOVE: f64 = 1.00000000000000177635683940025

/** Behind the number that was read last. */
export let decimalEnd: usize = 0

/** Rounding is monotonic: when both ends of the interval round to one float32, so does everything between them. */
// @ts-ignore: decorator
@inline
export function roundsForSure(approximation: f64): bool {
  return <f32>(approximation * BELOW) == <f32>(approximation * ABOVE)
}

/** How many of eight bytes are digits before one that is none, from the lowest on. */
// @ts-ignore: decorator
@inline
export function countDigits(block: u64): u64 {
  return ctz(((block + 0x4646464646464646) | (block - 0x3030303030303030)) & 0x8080808080808080) >> 3
}

/**
 * Eight digits, one a byte from 0 to 9, the first in the lowest: neighbours become numbers of two digits, these of four,
 * these one of eight.
 */
// @ts-ignore: decorator
@inline
export function eightDigits(block: u64): u64 {
  block = block * 10 + (block >> 8)
  return (
    ((block & 0x000000ff000000ff) * 0x000f424000000064 + ((block >> 16) & 0x000000ff000000ff) * 0x0000271000000001) >> 32
  )
}

// @ts-ignore: decorator
@inline
function digitAt(at: usize): u32 {
  return <u32>load<u8>(at) - ZERO
}

/**
 * @param end what lies there belongs to no number
 * @returns the value; NaN if the bytes at `start` are no number, if it is not whole before `end`, if it overflows, or if
 * only exact arithmetic knows how it rounds. `decimalEnd` is the position behind it.
 */
export function readDecimal(start: usize, end: usize): f32 {
  let at = start
  const negative = load<u8>(at) == MINUS
  at += usize(negative)
  const first = at
  let integer: u64 = 0
  let exponent = 0
  for (let digit = digitAt(at); digit <= 9; digit = digitAt(++at)) {
    if (integer < ROOM_FOR_ONE) integer = integer * 10 + digit
    else exponent++
  }
  if (at == first || (at > first + 1 && load<u8>(first) == ZERO)) return NaN
  if (load<u8>(at) == DOT) {
    const point = ++at
    while (integer < ROOM_FOR_EIGHT) {
      const block = load<u64>(at)
      if (countDigits(block) < 8) break
      integer = integer * 100_000_000 + eightDigits(block - 0x3030303030303030)
      exponent -= 8
      at += 8
    }
    for (let digit = digitAt(at); digit <= 9; digit = digitAt(++at)) {
      if (integer >= ROOM_FOR_ONE) continue
      integer = integer * 10 + digit
      exponent--
    }
    if (at == point) return NaN
  }
  if ((<u32>load<u8>(at) | 0x20) == LOWER_E) {
    const sign = <u32>load<u8>(++at)
    if (sign == MINUS || sign == PLUS) at++
    const firstOfExponent = at
    let written = 0
    for (let digit = digitAt(at); digit <= 9; digit = digitAt(++at)) if (written < 100_000_000) written = written * 10 + digit
    if (at == firstOfExponent) return NaN
    exponent += sign == MINUS ? -written : written
  }
  if (at >= end) return NaN
  decimalEnd = at
  const magnitude = scale(integer, exponent)
  return negative ? -magnitude : magnitude
}

/** `integer` · 10^`exponent`, or NaN if it is too large or its rounding is not sure. */
// @ts-ignore: decorator
@inline
function scale(integer: u64, exponent: i32): f32 {
  // The integer has at most 19 digits, so here the outcome is far from what a float32 can hold.
  if (integer == 0 || exponent < -300) return 0
  if (exponent > 300) return NaN
  const power = load<f64>(POWERS_OF_TEN + (<usize>abs(exponent) << 3))
  const scaled = exponent < 0 ? <f64>integer / power : <f64>integer * power
  const value = <f32>scaled
  if (value == Infinity) return NaN
  if (integer < EXACT_INTEGERS && abs(exponent) <= 22) return value
  return roundsForSure(scaled) ? value : NaN
}
