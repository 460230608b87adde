/**
 * Base64 (RFC 4648 section 4) in blocks of 16 characters for 12 bytes: classes of characters by the two halves of a
 * byte, bits moved in lanes of 32 (Muła and Lemire, Faster Base64 Encoding and Decoding Using AVX2 Instructions, ACM
 * Transactions on the Web 12, 2018).
 */
import { fromMemory } from './constants'

/** Of a byte that is not in the alphabet, and of no other, the two have a bit in common: by its lower and upper half. */
const LOW = memory.data<u8>(
  [0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a],
  16
)
const HIGH = memory.data<u8>(
  [0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10],
  16
)
/** What to add to a character for its six bits, by the upper half of its byte; the slash takes a place of its own. */
const TO_SIXES = memory.data<i8>([0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0], 16)
const GROUPS = memory.data<i16>([4096, 1, 4096, 1, 4096, 1, 4096, 1], 16)
const BYTES = memory.data<u8>([2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, 16, 16, 16, 16], 16)

const EXPONENTS = memory.data<u32>([0x7f800000, 0x7f800000, 0x7f800000, 0x7f800000], 16)
/** The fourth float32 belongs to the next block. */
const NON_FINITE = memory.data<u32>([0x7f800000, 0x7f800000, 0x7f800000, 0xffffffff], 16)

/**
 * Decodes `blocks` blocks of text into float32s.
 * @param to 12 bytes for each block; 4 behind the last become 0
 * @returns bit 0: a character is not of the alphabet; bit 1: a value is NaN or infinite
 */
export function decodeBase64(from: usize, blocks: u32, to: usize): u32 {
  const end = from + (<usize>blocks << 4)
  const low = v128.load(LOW)
  const high = v128.load(HIGH)
  const toSixes = v128.load(TO_SIXES)
  const groups = v128.load(GROUPS)
  const order = v128.load(BYTES)
  const exponents = v128.load(EXPONENTS)
  const lowerHalf = fromMemory(0x0f0f0f0f0f0f0f0f)
  const slash = fromMemory(0x2f2f2f2f2f2f2f2f)
  const evens = fromMemory(0x00ff00ff00ff00ff)
  let wrong = i8x16.splat(0)
  let infinite = i8x16.splat(0)
  for (; from < end; from += 16, to += 12) {
    const characters = v128.load(from)
    const upper = v128.and(i16x8.shr_u(characters, 4), lowerHalf)
    const faults = v128.and(i8x16.swizzle(low, v128.and(characters, lowerHalf)), i8x16.swizzle(high, upper))
    const place = i8x16.add(upper, i8x16.eq(characters, slash))
    const sixes = i8x16.add(characters, i8x16.swizzle(toSixes, place))
    const twelves = v128.or(i16x8.shl(v128.and(sixes, evens), 6), i16x8.shr_u(sixes, 8))
    const bytes = i8x16.swizzle(i32x4.dot_i16x8_s(twelves, groups), order)
    wrong = v128.or(wrong, faults)
    infinite = v128.or(infinite, i32x4.eq(v128.and(bytes, exponents), exponents))
    v128.store(to, bytes)
  }
  return u32(v128.any_true(wrong)) | (u32(v128.any_true(infinite)) << 1)
}

/** In lanes of 16: the first and second byte, the second and third one. */
const PAIRS = memory.data<u8>([1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10], 16)
/** What to add to six bits for their character: for a–z in place 0, for digits in 1 to 10, + and /, for A–Z in 13. */
const TO_CHARACTERS = memory.data<i8>([71, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -19, -16, 65, 0, 0], 16)

/**
 * Writes `blocks` blocks of text for as many times three float32s. 4 bytes behind these are read.
 * @returns whether one of them is NaN or infinite
 */
export function encodeBase64(from: usize, blocks: u32, to: usize): bool {
  const end = to + (<usize>blocks << 4)
  const order = v128.load(PAIRS)
  const toCharacters = v128.load(TO_CHARACTERS)
  const exponents = v128.load(EXPONENTS)
  const nonFinite = v128.load(NON_FINITE)
  const rightBits = fromMemory(0x0fc0fc000fc0fc00)
  const rightBy = fromMemory(0x0200002002000020)
  const leftBits = fromMemory(0x003f03f0003f03f0)
  const leftBy = fromMemory(0x0100001001000010)
  const mask = fromMemory(0x003f003f003f003f)
  const fiftyOne = fromMemory(0x3333333333333333)
  const twentySix = fromMemory(0x1a1a1a1a1a1a1a1a)
  const thirteen = fromMemory(0x0d0d0d0d0d0d0d0d)
  let infinite = i8x16.splat(0)
  for (; to < end; from += 12, to += 16) {
    const floats = v128.load(from)
    infinite = v128.or(infinite, i32x4.eq(v128.and(floats, exponents), nonFinite))
    const pairs = i8x16.swizzle(floats, order)
    // To the right by 10 and 6: products with 2^5 and 2^9 less 15 bits. What is cut off is 0, so it rounds nothing;
    // the sign of the first is masked away. To the left by 4 and 8.
    const right = v128.and(i16x8.q15mulr_sat_s(v128.and(pairs, rightBits), rightBy), mask)
    const sixes = v128.or(right, i16x8.mul(v128.and(pairs, leftBits), leftBy))
    const upper = v128.and(i8x16.lt_s(sixes, twentySix), thirteen)
    const place = v128.or(i8x16.sub_sat_u(sixes, fiftyOne), upper)
    v128.store(to, i8x16.add(sixes, i8x16.swizzle(toCharacters, place)))
  }
  return v128.any_true(infinite)
}
