import type { FloatType } from './floats.ts'
import type { Hdf5Bytes } from './hdf5-bytes.ts'

/** How values lie in a dataset or an attribute, as far as models need it. */
export type Hdf5Type =
  | { readonly kind: 'float'; readonly type: FloatType; readonly bytes: number }
  | { readonly kind: 'text'; readonly bytes: number }
  /** A length, and where in a global heap the text lies. */
  | { readonly kind: 'variable text'; readonly bytes: number }
  /** Something that no weight is made of. */
  | { readonly kind: 'other'; readonly name: string; readonly bytes: number }

const classNames = ['integer', 'float', 'time', 'string', 'bits', 'opaque', 'compound', 'reference', 'enumeration']
const FLOAT = 1
const STRING = 3
const VARIABLE = 9
const MAX_AXES = 32

/** By bytes: precision, bits of the exponent, bits of the fraction. */
const ieee: Readonly<Record<number, readonly [FloatType, number, number]>> = {
  2: ['float16', 5, 10],
  4: ['float32', 8, 23],
  8: ['float64', 11, 52]
}

/** Reads a datatype message. Source: "HDF5 File Format Specification Version 3.0", IV.A.2.d. */
export function readDatatype(file: Hdf5Bytes, at: number): Hdf5Type {
  file.block(at, 8, 'a datatype')
  const kind = file.u8(at) & 15
  const bits = file.u8(at + 1)
  const bytes = file.u32(at + 4)
  if (kind === STRING) return { kind: 'text', bytes }
  if (kind === VARIABLE && (bits & 15) === 1) return { kind: 'variable text', bytes }
  if (kind === FLOAT) {
    const known = ieee[bytes]
    file.block(at, 20, 'a datatype')
    if (known && (bits & 0x41) === 0 && file.u8(at + 13) === known[1] && file.u8(at + 15) === known[2]) {
      return { kind: 'float', type: known[0], bytes }
    }
    return { kind: 'other', name: `${(bits & 1) === 1 ? 'big-endian ' : ''}float of ${bytes} bytes`, bytes }
  }
  return { kind: 'other', name: classNames[kind] ?? 'list', bytes }
}

/** Reads a dataspace message: the lengths of the axes. A null dataspace has one of length 0. Source: IV.A.2.b. */
export function readDataspace(file: Hdf5Bytes, at: number): number[] {
  file.block(at, 4, 'a dataspace')
  const version = file.u8(at)
  if (version !== 1 && version !== 2) throw file.fault(`the dataspace at byte ${at} has version ${version}`)
  const rank = file.u8(at + 1)
  if (rank > MAX_AXES) throw file.fault(`the dataspace at byte ${at} has ${rank} axes; at most ${MAX_AXES} are read`)
  if (version === 2 && file.u8(at + 3) === 2) return [0]
  const start = at + (version === 1 ? 8 : 4)
  const shape = Array.from({ length: rank }, (_, axis) => file.u64(start + 8 * axis))
  if (!Number.isSafeInteger(8 * shape.reduce((product, length) => product * length, 1))) {
    throw file.fault(`the dataspace at byte ${at}, (${shape.join(', ')}), has more values than any file`)
  }
  return shape
}
