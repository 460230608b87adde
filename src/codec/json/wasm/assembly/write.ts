import { CLOSE_BRACKET, COMMA, MINUS, OPEN_BRACKET } from './ascii'
import { digitsOf } from './digits'
import { BINADES, FORMS } from './regions'
import { writeExactly } from './exact'

const FRACTION: u64 = (1 << 36) - 1
const HALF: u64 = 1 << 35
const TEN: u64 = 10 << 36
const ERROR: u64 = 1 << 24

/**
 * Writes the float32 with these bits, neither NaN nor infinite, as Number::toString of ECMA-262 writes the shortest
 * decimal that reads back to it; −0 as `-0`. 22 bytes at `at` may be written over.
 *
 * With its exponent's scale the value becomes a fixed-point number of 28.36 bits that is off by less than 2^-13, in whose
 * units the interval that reads back to it is 1 to 10 wide. So it holds a multiple of ten, or else the nearest integer is
 * the decimal. Where the error could change that, and for powers of two, below which the interval is narrower, Schubfach
 * decides.
 * @returns the position behind the text
 */
// @ts-ignore: decorator
@inline
function writeFloat32(at: usize, bits: u32): usize {
  store<u8>(at, MINUS)
  at += bits >> 31
  const binade = BINADES + <usize>((bits >> 19) & 0xff0)
  const distance = load<u64>(binade)
  const forms = load<i32>(binade, 8)
  const fraction = bits & 0x7fffff
  const value = <u64>(fraction | 0x800000) * distance
  const below = <u32>(value >> 36)
  const ten = below / 10 * 10
  const aboveTen = value - (<u64>ten << 36)
  const half = distance >> 1
  const tenOutside = aboveTen - half
  const nextOutside = TEN - half - aboveTen
  const rounded = value + HALF
  if (
    u32(fraction == 0) |
    u32(forms < 0) |
    u32(tenOutside + ERROR < 2 * ERROR) |
    u32(nextOutside + ERROR < 2 * ERROR) |
    u32(((rounded + ERROR) & FRACTION) < 2 * ERROR)
  ) {
    return writeExactly(at, bits & 0x7fffffff)
  }
  const tenInside = <u32>(tenOutside >> 63)
  const nextInside = <u32>(nextOutside >> 63)
  const decimal = select<u32>(ten + nextInside * 10, <u32>(rounded >> 36), tenInside | nextInside)

  // Less than 2 · 10^8 and at least 2^23 - 10: of nine digits the first is 1 or missing, like perhaps the second.
  const hasNine = u32(decimal >= 100_000_000)
  const missing = 2 - hasNine - u32(decimal >= 10_000_000)
  const rest = digitsOf(decimal - hasNine * 100_000_000)
  let digits = i64x2.splat(<i64>(<u64>hasNine | (rest << 8)))
  digits = i64x2.replace_lane(digits, 1, <i64>((rest >> 56) | 0xfe00))
  const form = FORMS + forms + <usize>(missing << 4)
  v128.store(at, i8x16.add(i8x16.swizzle(digits, v128.load(form)), i8x16.splat(0x30)))
  const point = load<i32>(binade, 12) - <i32>missing
  // A zero has no bit: the zeros at the end are those at the top.
  const count = <i32>(9 - missing - (<u32>clz<i64>(rest) >> 3))
  return at + (count > point ? count + max<i32>(1, 2 - point) : point)
}

/**
 * Writes `count` numbers with commas between them and behind the last, or `],[` where a row of `rowLength` ends.
 * @param from (count) float32, in order
 * @param inRow how many numbers of the row have been written before
 * @returns the position behind the last separator, or 0 if a value is NaN or infinite
 */
export function writeNumbers(from: usize, count: u32, at: usize, rowLength: u32, inRow: u32): usize {
  const end = from + (<usize>count << 2)
  for (; from < end; from += 4) {
    const bits = load<u32>(from)
    if ((bits & 0x7f800000) == 0x7f800000) return 0
    at = writeFloat32(at, bits)
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
  return at
}
