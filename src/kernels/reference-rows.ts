import { type Matrix, zeros } from '../lstm/matrix.ts'

/** Rows of a kernel's memory as the columns of the notation, and back. */

/** `rows` rows of n values from row `first` on, as the (n, rows) matrix of the notation. */
export function fromRows(memory: Float32Array, first: number, rows: number, n: number): Matrix {
  const result = zeros(n, rows)
  for (let j = 0; j < rows; j++) {
    for (let i = 0; i < n; i++) result.data[i * rows + j] = memory[(first + j) * n + i]
  }
  return result
}

/** The way back, rounding to float32. */
export function toRows({ rows: n, columns, data }: Matrix, memory: Float32Array, first: number): void {
  for (let j = 0; j < columns; j++) {
    for (let i = 0; i < n; i++) memory[(first + j) * n + i] = data[i * columns + j]
  }
}

/** Consecutive pieces of `memory` of the given lengths, copied out of shared memory. */
export function split(memory: Float32Array, lengths: readonly number[]): Float32Array[] {
  let offset = 0
  return lengths.map((length) => {
    const piece = Float32Array.from(memory.subarray(offset, offset + length))
    offset += length
    return piece
  })
}

/** Arrays one behind the other, in memory from `allocate`. */
export function concatenate(arrays: readonly Float32Array[], allocate: (length: number) => Float32Array): Float32Array {
  const memory = allocate(arrays.reduce((length, array) => length + array.length, 0))
  let offset = 0
  for (const array of arrays) {
    memory.set(array, offset)
    offset += array.length
  }
  return memory
}
