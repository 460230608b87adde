/**
 * exp, σ and tanh on four lanes, over the whole float32 range, denormal results included. NaN stays NaN: pmin and
 * pmax return their first operand when it is NaN. The largest errors, measured against float64, stand in the test.
 *
 * All three reduce x = n·ln 2 + r, |r| ≤ ln 2 / 2, and use e^r = 1 + r + r²·q(r), q of degree 4.
 */
import { madd } from './arithmetic'

// @ts-ignore: decorator
@inline const LOG2_E: f32 = 1.44269504088896341
// ln 2 in two parts, the first with few enough bits that n times it is exact.
// @ts-ignore: decorator
@inline const LN2_HIGH: f32 = 0.693359375
// @ts-ignore: decorator
@inline const LN2_LOW: f32 = -2.12194440e-4
// Adding 1.5·2^23 leaves round(v) in the low bits of the sum.
// @ts-ignore: decorator
@inline const ROUND: f32 = 12582912.0
// e^-104 is less than half of the smallest denormal: it rounds to 0.
// @ts-ignore: decorator
@inline const LOWEST: f32 = -104.0
// tanh is 1 in float32 from 9.02 on.
// @ts-ignore: decorator
@inline const TANH_END: f32 = 20.0

/** q(r) ≈ (e^r − 1 − r) / r², interpolated at the Chebyshev nodes of ±0.3468: adds 0.2 · 2^-24 to the error of e^r. */
// @ts-ignore: decorator
@inline
function q(r: v128): v128 {
  let s = madd(f32x4.splat(0.0013926224782063055), r, f32x4.splat(0.008363212458789349))
  s = madd(s, r, f32x4.splat(0.041666556149721146))
  s = madd(s, r, f32x4.splat(0.16666576266288757))
  return madd(s, r, f32x4.splat(0.5))
}

/** e^(x + e) for x ≤ 0 and a tiny e, with gradual underflow. */
// @ts-ignore: decorator
@inline
export function expOfNegative(x: v128, e: v128): v128 {
  const y = f32x4.pmax(x, f32x4.splat(LOWEST))
  const rounded = madd(y, f32x4.splat(LOG2_E), f32x4.splat(ROUND))
  const n = f32x4.sub(rounded, f32x4.splat(ROUND))
  let r = madd(n, f32x4.splat(-LN2_HIGH), y)
  r = madd(n, f32x4.splat(-LN2_LOW), r)
  r = f32x4.add(r, e)
  const p = f32x4.add(madd(f32x4.mul(r, r), q(r), r), f32x4.splat(1))
  // 2^n in two halves: the first product is exact, only the second can round into the denormals.
  const whole = i32x4.sub(rounded, f32x4.splat(ROUND))
  const half = i32x4.shr_s(whole, 1)
  const rest = i32x4.sub(whole, half)
  const one = f32x4.splat(1)
  const first = i32x4.add(i32x4.shl(half, 23), one)
  const second = i32x4.add(i32x4.shl(rest, 23), one)
  return f32x4.mul(f32x4.mul(p, first), second)
}

/** σ(x) = 1 / (1 + e^−x); with z = e^−|x| it is 1 / (1 + z) or z / (1 + z), exact down to the denormals. */
// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1)
  const z = expOfNegative(v128.or(x, f32x4.splat(-0.0)), f32x4.splat(0))
  const top = v128.bitselect(z, one, i32x4.shr_s(x, 31))
  return f32x4.div(top, f32x4.add(one, z))
}

/** tanh(x) = sign(x) · E / (E + 2), E = e^2|x| − 1, which keeps its relative error near 0. */
// @ts-ignore: decorator
@inline
export function tanh(x: v128): v128 {
  const size = f32x4.abs(x)
  const y = f32x4.pmin(f32x4.add(size, size), f32x4.splat(TANH_END))
  const rounded = madd(y, f32x4.splat(LOG2_E), f32x4.splat(ROUND))
  const n = f32x4.sub(rounded, f32x4.splat(ROUND))
  let r = madd(n, f32x4.splat(-LN2_HIGH), y)
  r = madd(n, f32x4.splat(-LN2_LOW), r)
  const p = madd(f32x4.mul(r, r), q(r), r) // e^r − 1
  const power = i32x4.add(i32x4.shl(rounded, 23), f32x4.splat(1)) // 2^n
  const E = madd(power, p, f32x4.sub(power, f32x4.splat(1)))
  const result = f32x4.div(E, f32x4.add(E, f32x4.splat(2)))
  return v128.or(result, v128.and(x, f32x4.splat(-0.0)))
}
