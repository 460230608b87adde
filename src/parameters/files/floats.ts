import { firstNonFinite } from '../../codec/finite.ts'
import { indexOf } from '../../codec/strided.ts'
import { LstmError } from '../../errors.ts'
import { halfToNumber } from './half.ts'

/** Floating-point types as they lie in files, little-endian. Every type becomes float32, rounded to nearest. */
export const floatTypes = {
  float16: { bytes: 2, read: (view: DataView, at: number) => halfToNumber(view.getUint16(at, true)) },
  /** The upper half of a float32. */
  bfloat16: { bytes: 2, read: (view: DataView, at: number) => bfloatToNumber(view.getUint16(at, true)) },
  float32: { bytes: 4, read: (view: DataView, at: number) => view.getFloat32(at, true) },
  float64: { bytes: 8, read: (view: DataView, at: number) => view.getFloat64(at, true) }
} as const

export type FloatType = keyof typeof floatTypes

const word = new DataView(new ArrayBuffer(4))

function bfloatToNumber(bits: number): number {
  word.setUint32(0, bits << 16)
  return word.getFloat32(0)
}

/** Typed arrays read memory in the machine's own order. */
const littleEndianMachine = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/**
 * The values of an array that lies row-major in `bytes`, which must be exactly as long as it needs.
 * @param name what to call the array in an error
 * @returns a view on `bytes` where they are float32 at a multiple of 4, else a copy
 * @throws LSTM_ERR_NON_FINITE with the index
 */
export function readFloats(bytes: Uint8Array, type: FloatType, shape: readonly number[], name: string): Float32Array {
  const { bytes: size, read } = floatTypes[type]
  const count = bytes.byteLength / size
  if (type === 'float32' && littleEndianMachine) {
    const { buffer, byteOffset } = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes)
    return finite(new Float32Array(buffer, byteOffset, count), shape, name)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const data = new Float32Array(count)
  for (let i = 0; i < count; i++) data[i] = read(view, i * size)
  return finite(data, shape, name, (i) => read(view, i * size))
}

/** @throws LSTM_ERR_NON_FINITE for the first value that is NaN or infinite */
function finite(
  data: Float32Array,
  shape: readonly number[],
  name: string,
  original: (i: number) => number = (i) => data[i]
): Float32Array {
  const i = firstNonFinite(data)
  if (i >= 0) throw nonFinite(name, i, shape, original(i))
  return data
}

/** The refusal of the value at row-major index `i`, which is NaN, infinite, or too large for float32. */
export function nonFinite(name: string, i: number, shape: readonly number[], value: number): LstmError {
  const what = Number.isFinite(value) ? `${value}, too large for float32` : String(value)
  const index = shape.length === 0 ? '' : `[${indexOf(i, shape).join(', ')}]`
  return new LstmError('LSTM_ERR_NON_FINITE', [`${name.slice(0, 100)}${index}`, what])
}
