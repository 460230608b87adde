import type { Fault } from './fault.ts'
import { halfToNumber } from './half.ts'

/** How the values of a `.npy` lie in its bytes. */
export interface NpyValues {
  readonly bytesPerValue: number
  /** Reads the value at a byte. */
  readonly read: (view: DataView, at: number) => number
}

type Read = (view: DataView, at: number, littleEndian: boolean) => number

/** Integers are here because arrays of whole numbers are easily saved as such by accident. */
const readers: Readonly<Record<string, readonly [bytesPerValue: number, Read]>> = {
  f2: [2, (view, at, little) => halfToNumber(view.getUint16(at, little))],
  f4: [4, (view, at, little) => view.getFloat32(at, little)],
  f8: [8, (view, at, little) => view.getFloat64(at, little)],
  b1: [1, (view, at) => (view.getUint8(at) === 0 ? 0 : 1)],
  i1: [1, (view, at) => view.getInt8(at)],
  i2: [2, (view, at, little) => view.getInt16(at, little)],
  i4: [4, (view, at, little) => view.getInt32(at, little)],
  i8: [8, (view, at, little) => Number(view.getBigInt64(at, little))],
  u1: [1, (view, at) => view.getUint8(at)],
  u2: [2, (view, at, little) => view.getUint16(at, little)],
  u4: [4, (view, at, little) => view.getUint32(at, little)],
  u8: [8, (view, at, little) => Number(view.getBigUint64(at, little))]
}

const refused: Readonly<Record<string, string>> = {
  O: 'it holds pickled Python objects, which are never loaded',
  c: 'complex numbers are not read',
  S: 'strings are not read',
  a: 'strings are not read',
  U: 'strings are not read',
  V: 'structured dtypes are not read',
  M: 'dates are not read',
  m: 'time spans are not read'
}

/**
 * @param descr NumPy's type string: byte order (`<` little, `>` big, `=` the writer's own, `|` none), kind, bytes a value.
 *   The order `=` is taken for little-endian, which nearly every machine is; NumPy itself never writes it.
 * @throws what `fault` makes, for a type whose values are no real numbers or do not fit a float64
 */
export function npyValues(descr: string, fault: Fault): NpyValues {
  const [, order, kind, size] = /^([<>=|]?)([A-Za-z])(\d{0,4})/.exec(descr) ?? ['', '', '', '']
  const reason = refused[kind]
  if (reason !== undefined) throw fault(`dtype ${JSON.stringify(descr.slice(0, 100))}: ${reason}`)
  const known = `${order}${kind}${size}` === descr ? readers[kind + size] : undefined
  if (!known || (order === '|' && known[0] > 1)) {
    const read = 'f2, f4, f8, i1 to i8, u1 to u8 and b1 are read, with < or > before'
    throw fault(`dtype ${JSON.stringify(descr.slice(0, 100))} is not known; ${read}`)
  }
  const [bytesPerValue, read] = known
  const little = order !== '>'
  return { bytesPerValue, read: (view, at) => read(view, at, little) }
}
