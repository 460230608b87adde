import { CLOSE_BRACKET, COMMA, MINUS, OPEN_BRACKET } from './ascii'
import { fromMemory } from './constants'
import { findDecimals } from './decimals'
import { writeExactly } from './exact'
import { BINADES, BLOCK, DECIMALS, FORMS } from './regions'

/** Eight digits as bytes from 0 to 9, the first in the lowest: split into numbers of four digits, two, one. */
// @ts-ignore: decorator
@inline
function digitsOf(eight: u32): u64 {
  const high = <u64>(eight / 10000)
  let block = high | ((<u64>eight - high * 10000) << 32)
  const hundreds = ((block * 5243) >> 19) & 0x0000007f0000007f
  block = hundreds | ((block - hundreds * 100) << 16)
  const tens = ((block * 103) >> 10) & 0x000f000f000f000f
  return tens | ((block - tens * 10) << 8)
}

/**
 * Writes the decimal of seven to nine digits that stands for a float32 with these bits, as Number::toString of ECMA-262
 * writes it. 16 bytes at `at` may be written over.
 * @param zero the character, 16 times
 * @returns the position behind the text
 */
// @ts-ignore: decorator
@inline
function writeDecimal(at: usize, decimal: u32, bits: u32, zero: v128): usize {
  const binade = BINADES + <usize>((bits >> 19) & 0xff0)
  // Less than 2 · 10^8 and at least 2^23 - 10: of nine digits the first is 1 or missing, like perhaps the second.
  const hasNine = u32(decimal >= 100_000_000)
  const missing = 2 - hasNine - u32(decimal >= 10_000_000)
  const rest = digitsOf(decimal - hasNine * 100_000_000)
  let digits = i64x2.splat(<i64>(<u64>hasNine | (rest << 8)))
  // Behind the last digit what becomes the point when '0' is added.
  digits = i64x2.replace_lane(digits, 1, <i64>((rest >> 56) | 0xfe00))
  const form = FORMS + load<u32>(binade, 8) + <usize>(missing << 4)
  v128.store(at, i8x16.add(i8x16.swizzle(digits, v128.load(form)), zero))
  const point = load<i32>(binade, 12) - <i32>missing
  // A zero has no bit: the zeros at the end are those at the top.
  const count = <i32>(9 - missing - (<u32>clz<i64>(rest) >> 3))
  return at + select<usize>(count + max<i32>(1, 2 - point), point, count > point)
}

/**
 * Writes `count` numbers with commas between them and behind the last, or `],[` where a row of `rowLength` ends; −0 as
 * `-0`, so that it reads back too. 25 bytes for each number may be written over.
 *
 * A block of them at a time is made decimals first: two short loops keep a processor busier than a long one, of which
 * it sees less ahead.
 * @param from (count) float32, in order
 * @param inRow how many numbers of the row have been written before
 * @returns the position behind the last separator, or 0 if a value is NaN or infinite
 */
export function writeNumbers(from: usize, count: u32, at: usize, rowLength: u32, inRow: u32): usize {
  const zero = fromMemory(0x3030303030303030)
  for (; count > 0; ) {
    const block = min<u32>(count, BLOCK)
    findDecimals(from, block)
    const end = from + (<usize>block << 2)
    for (let decimals = DECIMALS; from < end; from += 4, decimals += 4) {
      const bits = load<u32>(from)
      const decimal = load<u32>(decimals)
      store<u8>(at, MINUS)
      at += bits >> 31
      if (decimal != 0) at = writeDecimal(at, decimal, bits, zero)
      else {
        if ((bits & 0x7f800000) == 0x7f800000) return 0
        at = writeExactly(at, bits & 0x7fffffff)
      }
      inRow++
      store<u8>(at, COMMA)
      if (inRow == rowLength) {
        inRow = 0
        store<u8>(at, CLOSE_BRACKET)
        store<u16>(at, COMMA | (OPEN_BRACKET << 8), 1)
        at += 2
      }
      at++
    }
    count -= block
  }
  return at
}
