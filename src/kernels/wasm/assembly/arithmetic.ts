/**
 * a·b + c, four lanes. One rounding in the relaxed build where the processor has FMA, two in the plain build. Every
 * accumulation of the kernel goes through here, so that within one process all tile shapes round alike.
 */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<f32>(a, b, c)
  return f32x4.add(f32x4.mul(a, b), c)
}

/** The first `count` (1 to 3) floats at `at`, the other lanes 0; reads nothing behind them. */
// @ts-ignore: decorator
@inline
export function loadTail(at: usize, count: usize): v128 {
  if (count == 1) return v128.load32_zero(at)
  const two = v128.load64_zero(at)
  if (count == 2) return two
  return v128.load32_lane(at, two, 2, 8)
}

/** Writes the first `count` (1 to 3) lanes, nothing behind them: the next row begins there. */
// @ts-ignore: decorator
@inline
export function storeTail(at: usize, value: v128, count: usize): void {
  if (count == 1) {
    v128.store32_lane(at, value, 0)
    return
  }
  v128.store64_lane(at, value, 0)
  if (count == 3) v128.store32_lane(at, value, 2, 8)
}

/** Writes the first `count` lanes, from 1, four at most. */
// @ts-ignore: decorator
@inline
export function storeSome(at: usize, value: v128, count: usize): void {
  if (count >= 4) v128.store(at, value)
  else storeTail(at, value, count)
}
