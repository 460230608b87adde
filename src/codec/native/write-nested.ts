import type { StridedTensor } from '../tensor.ts'
import { type NativeCodec, nativeTables } from './codec.ts'

/** So many axes the native code knows, the last ones. */
export const NATIVE_AXES = 3

/** NUMBER_BYTES and SLACK_BYTES of codec.h. */
const NUMBER_BYTES = 28
const SLACK_BYTES = 64

/** What so many numbers take at most, with what may be written over behind them. */
export const roomFor = (count: number): number => NUMBER_BYTES * count + SLACK_BYTES

/** Layout of codec.h: how many axes, lengths, strides. */
const layout = new Int32Array(1 + 2 * NATIVE_AXES)

/**
 * Sets the tensor of the next calls of `writeNatively`: the last axes of this one, three at most and none of length 0.
 * @param from index of the first value
 * @returns how many numbers it has
 * @throws RangeError if it reaches beyond its data
 */
export function setLayout({ shape, strides, data }: StridedTensor, axis: number, from: number): number {
  const axes = shape.length - axis
  let least = from
  let most = from
  let count = 1
  layout[0] = axes
  for (let i = 0; i < NATIVE_AXES; i++) {
    const source = shape.length - NATIVE_AXES + i
    const absent = source < axis
    const length = absent ? 1 : shape[source]
    const stride = absent ? 0 : strides[source]
    layout[1 + i] = length
    layout[1 + NATIVE_AXES + i] = stride
    count *= length
    if (stride < 0) least += (length - 1) * stride
    else most += (length - 1) * stride
  }
  if (least < 0 || most >= data.length) throw new RangeError(`values ${least} to ${most} of ${data.length}`)
  return count
}

/**
 * Writes `count` numbers from the one with this index on into `target`, which has room for them.
 * @returns the position behind them, or -1 if one is not finite
 */
export function writeNatively(
  codec: NativeCodec,
  data: Float32Array,
  from: number,
  index: number,
  count: number,
  target: Uint8Array,
  at: number
): number {
  return codec.writeNested(nativeTables, data, layout, target, from, index, count, at)
}
