import type { NamedArray } from './array.ts'
import { faultOf, quoted } from './fault.ts'
import { readNpy, writeNpy } from './npy.ts'
import { readZip, type ZipLimits } from './zip.ts'
import { writeZip } from './zip-writer.ts'

const SUFFIX = '.npy'
/** What a set has besides arrays, as JSON. NumPy gives such an entry as bytes. */
const OPTIONS = 'lstm_serve.json'

export interface Npz {
  /** Name (without `.npy`) → array, in the file's order; nothing in it points into the file. */
  readonly arrays: Map<string, NamedArray>
  /** Text of `lstm_serve.json`. */
  readonly options: string | undefined
}

/**
 * Reads NumPy's `.npz`, as `np.savez` and `np.savez_compressed` write it: a zip of one `.npy` an array.
 *
 * @param bytes the whole file
 * @param limits `maxInflatedBytes` bounds two things, each by itself: the zip's content, and the arrays as float32,
 *   which take four times the content where this is of one byte a value
 * @throws {LstmError} LSTM_ERR_UNREADABLE_FILE or LSTM_ERR_NON_FINITE, see `readZip` and `readNpy`
 */
export function readNpzFile(bytes: Uint8Array, limits: ZipLimits): Npz {
  let options: string | undefined
  const arrays = new Map<string, NamedArray>()
  let valuesLeft = Math.floor(limits.maxInflatedBytes / Float32Array.BYTES_PER_ELEMENT)
  for (const [entry, content] of readZip(bytes, limits, 'npz')) {
    if (entry === OPTIONS) {
      options = Buffer.from(content).toString('utf8')
      continue
    }
    if (!entry.endsWith(SUFFIX)) throw faultOf('npz')(`entry ${quoted(entry)} is not a .npy`)
    const name = entry.slice(0, -SUFFIX.length)
    const array = readNpy(content, name, valuesLeft)
    valuesLeft -= array.data.length
    arrays.set(name, array)
  }
  return { arrays, options }
}

/** The arrays of `readNpzFile` alone. */
export function readNpz(bytes: Uint8Array, limits: ZipLimits): Map<string, NamedArray> {
  return readNpzFile(bytes, limits).arrays
}

/**
 * Writes a `.npz` that `np.load` reads; the same arrays always give the same bytes.
 *
 * @param arrays name (without `.npy`) → array; names must be unique
 * @param options text of `lstm_serve.json`
 */
export function writeNpz(arrays: Iterable<readonly [string, NamedArray]>, options?: string): Uint8Array<ArrayBuffer> {
  const entries = Array.from(arrays, ([name, array]): [string, Uint8Array] => [`${name}${SUFFIX}`, writeNpy(array)])
  return writeZip(options === undefined ? entries : [...entries, [OPTIONS, Buffer.from(options)]])
}
