/** Numbers that decimals.ts leaves: zeros, powers of two, very large and very small ones, close decisions. */
import { DOT, LOWER_E, MINUS, PLUS, ZERO } from './ascii'
import { exponent, shortest } from './shortest'

const BELOW_THE_MIDDLE: u32 = 0x15ae43fd

/**
 * Writes what Number::toString of ECMA-262 prescribes. 22 bytes at `at` may be written over.
 * @param magnitude the bits of a finite float32 without its sign
 * @returns the position behind the text
 */
export function writeExactly(at: usize, magnitude: u32): usize {
  if (magnitude == 0) {
    store<u8>(at, ZERO)
    return at + 1
  }
  let digits = shortest(magnitude)
  let power = exponent
  // 7.038531e-26 is the one short decimal that a float64 cannot tell from the middle between two float32s: whoever reads it
  // by way of float64 gets the upper one, for which it is therefore the shortest, and not the lower one, to which it is
  // nearer.
  if (magnitude == BELOW_THE_MIDDLE) digits = 70385307
  if (magnitude == BELOW_THE_MIDDLE + 1) digits = 70385310
  if (magnitude - BELOW_THE_MIDDLE <= 1) power = -33
  for (; digits % 10 == 0; digits /= 10) power++
  let count = 1
  for (let rest = digits / 10; rest > 0; rest /= 10) count++
  /** The decimal point stands behind so many digits. */
  const point = count + power

  if (point > 21 || point <= -6) {
    writeDigits(at + 1, digits, count)
    const end = putPoint(at, 1, count)
    store<u8>(end, LOWER_E)
    store<u8>(end, point < 1 ? MINUS : PLUS, 1)
    const written = <u32>abs(point - 1)
    const length = written < 10 ? 1 : 2
    writeDigits(end + 2, written, length)
    return end + 2 + length
  }
  if (point <= 0) {
    const zeros = 2 - point
    memory.fill(at, <u8>ZERO, zeros)
    store<u8>(at, DOT, 1)
    writeDigits(at + zeros, digits, count)
    return at + zeros + count
  }
  if (count <= point) {
    writeDigits(at, digits, count)
    memory.fill(at + count, <u8>ZERO, point - count)
    return at + point
  }
  writeDigits(at + 1, digits, count)
  return putPoint(at, point, count)
}

function writeDigits(at: usize, digits: u32, count: i32): void {
  for (let i = count - 1; i >= 0; i--, digits /= 10) store<u8>(at + i, ZERO + (digits % 10))
}

/** Moves the first `point` of `count` digits that begin at `at` + 1 to the left and puts the point behind them, if it has to be. */
function putPoint(at: usize, point: usize, count: usize): usize {
  for (let end = at + point; at < end; at++) store<u8>(at, load<u8>(at, 1))
  if (count == point) return at
  store<u8>(at, DOT)
  return at + 1 + count - point
}
