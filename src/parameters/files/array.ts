/** An array out of a file: dense, row-major, every value finite in float32. */
export interface NamedArray {
  readonly shape: readonly number[]
  /** prod(shape) values, the last axis runs fastest; a 0-d array has one. */
  readonly data: Float32Array
}

/**
 * An array in a file: its shape as the file declares it, and its values once somebody wants them. A file may hold far
 * more than the model, and may declare far more than it holds.
 */
export interface FileArray {
  readonly shape: readonly number[]
  /**
   * The values; each call may read them anew.
   * @throws LSTM_ERR_UNREADABLE_FILE, LSTM_ERR_NON_FINITE
   */
  read(): NamedArray
}

export type FileArrays = ReadonlyMap<string, FileArray>

/** Arrays that have been read already, as arrays of a file. */
export function fileArrays(arrays: Iterable<readonly [string, NamedArray]>): Map<string, FileArray> {
  return new Map(Array.from(arrays, ([name, array]) => [name, { shape: array.shape, read: () => array }]))
}
