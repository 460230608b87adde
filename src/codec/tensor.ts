/** How a tensor travelled, or shall travel, in JSON. */
export type Encoding = 'nested' | 'base64'

/** A dense tensor as it came in: row-major, every value finite. */
export class Tensor {
  readonly shape: readonly number[]
  /** prod(shape) values, the last axis runs fastest. */
  readonly data: Float32Array
  readonly encoding: Encoding

  constructor(shape: readonly number[], data: Float32Array, encoding: Encoding) {
    this.shape = shape
    this.data = data
    this.encoding = encoding
  }
}

/** A window on float32 memory, to be written out in the order of `shape` without a copy in between. */
export interface StridedTensor {
  readonly shape: readonly number[]
  /** Distance in elements between neighbours along each axis. */
  readonly strides: readonly number[]
  readonly data: Float32Array
  /** Index in `data` of element (0, 0, …). */
  readonly offset: number
}
