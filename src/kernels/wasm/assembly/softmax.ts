/**
 * softmax of one row. The difference to the largest value is kept in two parts, since e^d would magnify its rounding
 * |d| times, and the sum is taken in float64, so that the error does not grow with n_y.
 */
import { expOfNegativeSum } from './activations'
import { storeTail } from './arithmetic'

export function softmax(
  n_y: usize,
  z: usize, // (ceil(n_y / 4), 4), overwritten; lanes behind n_y hold the lowest finite float
  y: usize // (n_y)
): void {
  const blocks = (n_y + 3) >> 2
  const end = z + (blocks << 4)

  let most = v128.load(z)
  for (let at = z + 16; at < end; at += 16) most = f32x4.pmax(most, v128.load(at))
  most = f32x4.pmax(most, v128.shuffle<f32>(most, most, 2, 3, 0, 1))
  most = f32x4.pmax(most, v128.shuffle<f32>(most, most, 1, 0, 3, 2))

  let low = f64x2.splat(0)
  let high = f64x2.splat(0)
  for (let at = z; at < end; at += 16) {
    const x = v128.load(at)
    const d = f32x4.sub(x, most)
    // x − most = d + e exactly (Knuth's TwoSum).
    const part = f32x4.sub(d, x)
    const e = f32x4.sub(f32x4.sub(x, f32x4.sub(d, part)), f32x4.add(most, part))
    const power = expOfNegativeSum(d, v128.and(e, f32x4.gt(d, f32x4.splat(-104))))
    v128.store(at, power)
    low = f64x2.add(low, f64x2.promote_low_f32x4(power))
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<f32>(power, power, 2, 3, 2, 3)))
  }
  const sums = f64x2.add(low, high)
  const sum = f32x4.splat(<f32>(f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1)))

  for (; n_y >= 4; n_y -= 4) {
    v128.store(y, f32x4.div(v128.load(z), sum))
    z += 16
    y += 16
  }
  if (n_y) storeTail(y, f32x4.div(v128.load(z), sum), n_y)
}
