/** An array out of a file: dense, row-major, every value finite in float32. */
export interface NamedArray {
  readonly shape: readonly number[]
  /** prod(shape) values, the last axis runs fastest; a 0-d array has one. */
  readonly data: Float32Array
}
