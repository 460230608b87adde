import { endianness } from 'node:os'
import { firstNonFinite } from './finite.ts'
import { bfloatsToFloats, floatsToBfloats, floatsToHalves, halvesToFloats } from './half.ts'
import { gather } from './strided.ts'
import type { StridedTensor } from './tensor.ts'

/** Tensors as raw bytes: little-endian, row-major, at any address. */

const BIG_ENDIAN = endianness() === 'BE'

/** Bytes of one value. */
export const floatBytes = { FP16: 2, BF16: 2, FP32: 4, FP64: 8 } as const
export type FloatDatatype = keyof typeof floatBytes

export const integerBytes = { INT32: 4, INT64: 8 } as const
export type IntegerDatatype = keyof typeof integerBytes

/**
 * Floats as float32, rounded to the nearest; what does not fit becomes an infinity.
 * @returns a view of the bytes where they are float32 and begin at a multiple of 4, else a copy
 */
export function decodeFloats(bytes: Uint8Array, datatype: FloatDatatype): Float32Array {
  const { buffer, byteOffset, byteLength } = native(bytes, floatBytes[datatype])
  if (datatype === 'FP32') return new Float32Array(buffer, byteOffset, byteLength / 4)
  if (datatype === 'FP64') return Float32Array.from(new Float64Array(buffer, byteOffset, byteLength / 8))
  const words = new Uint16Array(buffer, byteOffset, byteLength / 2)
  const floats = new Float32Array(words.length)
  if (datatype === 'FP16') halvesToFloats(words, floats)
  else bfloatsToFloats(words, floats)
  return floats
}

/** Integers as numbers; those past 2^53 are not exact. */
export function decodeIntegers(bytes: Uint8Array, datatype: IntegerDatatype): number[] {
  const { buffer, byteOffset, byteLength } = native(bytes, integerBytes[datatype])
  if (datatype === 'INT32') return Array.from(new Int32Array(buffer, byteOffset, byteLength / 4))
  return Array.from(new BigInt64Array(buffer, byteOffset, byteLength / 8), Number)
}

/** The bytes in the machine's own order, at a multiple of the size of a value: themselves where they are so. */
function native(bytes: Uint8Array, size: number): Uint8Array {
  if (!BIG_ENDIAN && bytes.byteOffset % size === 0) return bytes
  const own = Buffer.from(new Uint8Array(bytes).buffer)
  return BIG_ENDIAN ? swapped(own, size) : own
}

function swapped(bytes: Buffer, size: number): Buffer {
  if (size === 2) return bytes.swap16()
  return size === 4 ? bytes.swap32() : bytes.swap64()
}

/**
 * Writes the values of a tensor one behind the other, each as the nearest of the type, ties to even.
 * @param target just as many bytes as that takes; one copy less where it begins at a multiple of the size of a value
 * @returns the index of the first value that is NaN, infinite, or too large for the type, or -1
 */
export function encodeFloats(tensor: StridedTensor, datatype: FloatDatatype, target: Uint8Array): number {
  const { buffer, byteOffset, length } = target
  if (byteOffset % floatBytes[datatype] !== 0) {
    const aligned = new Uint8Array(length)
    const wrong = encodeFloats(tensor, datatype, aligned)
    target.set(aligned)
    return wrong
  }
  const count = length / floatBytes[datatype]
  const values = datatype === 'FP32' ? new Float32Array(buffer, byteOffset, count) : new Float32Array(count)
  gather(tensor, values)
  let wrong = firstNonFinite(values)
  if (datatype === 'FP64') new Float64Array(buffer, byteOffset, count).set(values)
  if (datatype === 'FP16' || datatype === 'BF16') {
    const words = new Uint16Array(buffer, byteOffset, count)
    const [encode, infinity] =
      datatype === 'FP16' ? ([floatsToHalves, 0x7c00] as const) : ([floatsToBfloats, 0x7f80] as const)
    encode(values, words)
    wrong = words.findIndex((word) => (word & infinity) === infinity)
  }
  if (BIG_ENDIAN) swapped(Buffer.from(buffer, byteOffset, length), floatBytes[datatype])
  return wrong
}
