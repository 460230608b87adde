import type { StridedTensor } from './tensor.ts'

/** prod(shape). */
export const countOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1)

/** Whether the values lie one behind the other in the order of `shape`. An axis of length 1 is never stepped along. */
export function isContiguous({ shape, strides }: StridedTensor): boolean {
  let stride = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== stride) return false
    stride *= shape[axis]
  }
  return true
}

/** The values of `tensor`, row-major: a view if they lie so, else a copy. */
export function contiguous(tensor: StridedTensor): Float32Array {
  const { shape, data, offset } = tensor
  const count = countOf(shape)
  if (count === 0) return new Float32Array(0)
  if (isContiguous(tensor)) return data.subarray(offset, offset + count)
  const gathered = new Float32Array(count)
  gather(tensor, gathered)
  return gathered
}

/** Copies the values of `tensor`, row-major, into exactly as many. */
export function gather(tensor: StridedTensor, into: Float32Array): void {
  const { shape, strides, data, offset } = tensor
  if (isContiguous(tensor)) {
    into.set(data.subarray(offset, offset + into.length))
    return
  }
  let next = 0
  const descend = (axis: number, from: number): void => {
    if (axis < shape.length - 1) {
      for (let i = 0; i < shape[axis]; i++) descend(axis + 1, from + i * strides[axis])
    } else {
      gatherRow(into, next, data, from, strides[axis], shape[axis])
      next += shape[axis]
    }
  }
  descend(0, offset)
}

function gatherRow(into: Float32Array, at: number, data: Float32Array, from: number, stride: number, n: number): void {
  for (let i = 0, source = from; i < n; i++, source += stride) into[at + i] = data[source]
}

/** The index along every axis of value `flat` in row-major order. */
export function indexOf(flat: number, shape: readonly number[]): number[] {
  let rest = flat
  return shape
    .toReversed()
    .map((length) => {
      const index = rest % length
      rest = Math.floor(rest / length)
      return index
    })
    .toReversed()
}
