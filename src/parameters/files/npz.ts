import type { NamedArray } from './array.ts'
import { faultOf, quoted } from './fault.ts'
import { readNpy, writeNpy } from './npy.ts'
import { readZip, type ZipLimits } from './zip.ts'
import { writeZip } from './zip-writer.ts'

const SUFFIX = '.npy'

/**
 * Reads NumPy's `.npz`, as `np.savez` and `np.savez_compressed` write it: a zip of one `.npy` an array.
 *
 * @param bytes the whole file
 * @param limits `maxInflatedBytes` bounds two things, each by itself: the zip's content, and the arrays as float32,
 *   which take four times the content where this is of one byte a value
 * @returns name (without `.npy`) → array, in the file's order; nothing in it points into `bytes`
 * @throws {LstmError} LSTM_ERR_UNREADABLE_FILE or LSTM_ERR_NON_FINITE, see `readZip` and `readNpy`
 */
export function readNpz(bytes: Uint8Array, limits: ZipLimits): Map<string, NamedArray> {
  const arrays = new Map<string, NamedArray>()
  let valuesLeft = Math.floor(limits.maxInflatedBytes / Float32Array.BYTES_PER_ELEMENT)
  for (const [entry, content] of readZip(bytes, limits, 'npz')) {
    if (!entry.endsWith(SUFFIX)) throw faultOf('npz')(`entry ${quoted(entry)} is not a .npy`)
    const name = entry.slice(0, -SUFFIX.length)
    const array = readNpy(content, name, valuesLeft)
    valuesLeft -= array.data.length
    arrays.set(name, array)
  }
  return arrays
}

/**
 * Writes a `.npz` that `np.load` reads; the same arrays always give the same bytes.
 *
 * @param arrays name (without `.npy`) → array; names must be unique
 */
export function writeNpz(arrays: Iterable<readonly [string, NamedArray]>): Uint8Array<ArrayBuffer> {
  return writeZip(Array.from(arrays, ([name, array]) => [`${name}${SUFFIX}`, writeNpy(array)] as const))
}
