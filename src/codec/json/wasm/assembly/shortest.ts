/**
 * The shortest decimal that reads back to a float32, and of the shortest the closest: Schubfach (Raffaello Giulietti,
 * The Schubfach way to render doubles, 2021), here without branches, since whether a number has seven, eight or nine
 * digits is what no branch predictor can know.
 */
import { LEAST_SCALE, SCALES } from './regions'

/** The decimal is `digits` · 10^`exponent`. */
export let exponent: i32 = 0

/**
 * The upper 64 bits of the product of a scale and `factor` less 32, the last bit set if what is cut off is not 0: as
 * good as the exact product where it is compared with integers.
 */
// @ts-ignore: decorator
@inline
function roundToOdd(scale: u64, factor: u64): u32 {
  const middle = (scale >> 32) * factor + (((scale & 0xffffffff) * factor) >> 32)
  return <u32>(middle >> 32) | u32(<u32>middle > 1)
}

/** @param magnitude the bits of a positive float32, neither 0 nor infinite */
// @ts-ignore: decorator
@inline
export function shortest(magnitude: u32): u32 {
  const fraction = magnitude & 0x7fffff
  const field = <i32>(magnitude >> 23)
  const normal = i32(field != 0)
  // The value is c · 2^q. Below a power of two the float32s lie twice as near.
  const c = fraction | (<u32>normal << 23)
  const q = field - normal - 149
  const irregular = u32(fraction == 0) & u32(field > 1)
  const odd = c & 1

  // k = floor(log10(2^q)), of 3/4 · 2^q if irregular.
  const k = (q * 1262611 - <i32>irregular * 524031) >> 22
  const h = q + ((-k * 1741647) >> 19) + 1
  const scale = load<u64>(SCALES + (<usize>(-k - LEAST_SCALE) << 3))
  const value = roundToOdd(scale, <u64>(4 * c) << h)
  const lower = roundToOdd(scale, <u64>(4 * c - 2 + irregular) << h) + odd
  const upper = roundToOdd(scale, <u64>(4 * c + 2) << h) - odd

  // In units of 10^k the candidates are `below`, the one above it, and the two multiples of ten around the value.
  const below = value >> 2
  const ten: u32 = below / 10 * 10
  const tenInside = u32(lower <= 4 * ten)
  const nextTenInside = u32(4 * ten + 40 <= upper)
  const belowInside = u32(lower <= 4 * below)
  const aboveInside = u32(4 * below + 4 <= upper)
  // Of two that are as near, the larger, as Number::toPrecision chooses.
  const closer = u32(value >= 4 * below + 2)
  const one = below + select<u32>(aboveInside, closer, belowInside != aboveInside)
  exponent = k
  return select<u32>(ten + nextTenInside * 10, one, u32(below >= 10) & u32(tenInside != nextTenInside))
}
