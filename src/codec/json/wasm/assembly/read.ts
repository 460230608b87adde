import { CLOSE_BRACKET, COMMA, isSpace, LOWER_E, MINUS, OPEN_BRACKET, ZERO } from './ascii'
import { fromMemory } from './constants'
import { countDigits, decimalEnd, eightDigits, readDecimal, roundsForSure } from './decimal'
import { POWERS_OF_TEN, RESULT } from './regions'

// @ts-ignore: decorator
@inline
function skipSpace(from: usize, end: usize): usize {
  let at = from
  while (at < end && isSpace(load<u8>(at))) at++
  return at
}

// @ts-ignore: decorator
@inline
function beginsNumber(byte: u32): bool {
  return byte == MINUS || byte - ZERO <= 9
}

const LANES = memory.data<u8>([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], 16)

/**
 * Reads numbers with commas between them, for as long as a number follows a comma, and on into the next rows,
 * `],[`, as long as each has `rowLength` numbers.
 *
 * Sign, length and the place of the point are what no branch predictor knows of weights and activations, so a number
 * of up to 15 bytes without an exponent is taken apart without branches: its digits are moved together in a vector.
 * With at most 15 digits the quotient is Clinger's exact case, see decimal.ts. All other numbers go there.
 *
 * @param from the first byte of a number
 * @param end behind the text; 16 bytes there are written over
 * @param out where the numbers go
 * @param rowLength 0 if a row may not end here
 * @param inRow how many numbers of the row have been read before
 * @returns the position behind the last number, or, if RESULT says that it is stuck, of the number that is not whole,
 * malformed, too large or next to the middle between two float32s
 */
export function readNumbers(from: usize, end: usize, out: usize, rowLength: u32, inRow: u32): usize {
  const first = out
  let at = from
  let rows: u32 = 0
  let stuck: u32 = 0
  v128.store(end, i8x16.splat(0))
  const allLanes = v128.load(LANES)
  const zero = fromMemory(0x3030303030303030)
  const toTop = fromMemory(0x4646464646464646)
  const belowTop = fromMemory(0x7575757575757575)
  const dot = fromMemory(0x2e2e2e2e2e2e2e2e)
  const evens = fromMemory(0x00ff00ff00ff00ff)
  const tens = fromMemory(0x000a000a000a000a)
  const hundreds = fromMemory(0x0001006400010064)
  const tenThousands = fromMemory(0x0001271000012710)
  for (;;) {
    const bytes = v128.load(at)
    const values = i8x16.sub(bytes, zero)
    // Digits, and nothing else, become the ten largest signed bytes.
    const areDigits = i8x16.gt_s(i8x16.add(bytes, toTop), belowTop)
    const digits = <u32>i8x16.bitmask(areDigits)
    const dots = <u32>i8x16.bitmask(i8x16.eq(bytes, dot))
    const negative = u32(<u32>load<u8>(at) == MINUS)
    const length = <u32>ctz<i32>(~(digits | dots | 1))
    const whole = <u32>ctz<i32>(~(digits >> negative))
    const point = negative + whole
    const hasPoint = u32(point < length)
    const fraction = length - point - hasPoint
    let lanes = i8x16.add(allLanes, i8x16.splat(<i8>(length - 15 - hasPoint)))
    // The digits before the point come from one place further left.
    lanes = i8x16.add(lanes, i8x16.le_s(lanes, i8x16.splat(<i8>point)))
    // Up to 16 digits, one a byte and right-aligned with zeros before them: neighbours become numbers of two digits,
    // these of four, these of eight.
    const aligned = i8x16.swizzle(v128.and(values, areDigits), lanes)
    const pairs = i16x8.add(i16x8.mul(v128.and(aligned, evens), tens), i16x8.shr_u(aligned, 8))
    const fours = i32x4.dot_i16x8_s(pairs, hundreds)
    const eights = i32x4.dot_i16x8_s(i16x8.narrow_i32x4_s(fours, fours), tenThousands)
    const both = f64x2.convert_low_i32x4_s(eights)
    let integer = f64x2.extract_lane(both, 0) * 1e8 + f64x2.extract_lane(both, 1)
    let power = load<f64>(POWERS_OF_TEN + (<usize>fraction << 3))
    let behind = at + length
    let rare =
      u32(whole == 0) |
      (hasPoint & u32(fraction == 0)) |
      u32(<u32>popcnt<i32>(digits & ((1 << length) - 1)) != whole + fraction) |
      (u32(whole > 1) & u32(<u32>load<u8>(at + negative) == ZERO))
    if (length == 16) {
      const block = load<u64>(behind)
      const more = countDigits(block)
      // What is behind them goes out at the top, and zeros come in before the first.
      const tail = more == 0 ? 0 : eightDigits((block - 0x3030303030303030) << (64 - (more << 3)))
      const room = load<f64>(POWERS_OF_TEN + <usize>(more << 3))
      power *= room
      const exact = integer * room
      integer = <f64><i64>(<u64>integer * <u64>room + tail)
      behind += <usize>more
      rare |= (hasPoint ^ 1) | u32(exact >= 1e18) | u32(!roundsForSure(integer / power)) | u32(<u32>load<u8>(behind) - ZERO <= 9)
    }
    let next = <u32>load<u8>(behind)
    if (rare | u32((next | 0x20) == LOWER_E)) {
      const value = readDecimal(at, end)
      if (value != value) {
        stuck = 1
        break
      }
      store<f32>(out, value)
      at = decimalEnd
      next = <u32>load<u8>(at)
    } else {
      if (behind >= end) {
        stuck = 1
        break
      }
      store<u32>(out, reinterpret<u32>(<f32>(integer / power)) | (negative << 31))
      at = behind
    }
    out += 4
    inRow++

    if (next != COMMA) {
      at = skipSpace(at, end)
      next = <u32>load<u8>(at)
    }
    let following: usize
    if (next == COMMA) following = skipSpace(at + 1, end)
    else {
      if (next != CLOSE_BRACKET || inRow != rowLength) break
      following = skipSpace(at + 1, end)
      if (<u32>load<u8>(following) != COMMA) break
      following = skipSpace(following + 1, end)
      if (<u32>load<u8>(following) != OPEN_BRACKET) break
      following = skipSpace(following + 1, end)
    }
    if (!beginsNumber(load<u8>(following))) break
    if (next == CLOSE_BRACKET) {
      rows++
      inRow = 0
    }
    at = following
  }
  store<u32>(RESULT, <u32>((out - first) >> 2))
  store<u32>(RESULT, rows, 4)
  store<u32>(RESULT, inRow, 8)
  store<u32>(RESULT, stuck, 12)
  return at
}
