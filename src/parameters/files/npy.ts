import type { NamedArray } from './array.ts'
import { type Fault, faultOf, quoted } from './fault.ts'
import { nonFinite, readFloats } from './floats.ts'
import { type NpyHeader, parseNpyHeader } from './npy-header.ts'
import { npyValues } from './npy-values.ts'

/** `\x93NUMPY`, then the version as two bytes, then the header's length. */
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]
/** NumPy's own `max_header_size`. Only structured dtypes, which are refused in any case, need more. */
const MAX_HEADER_BYTES = 10_000
/** The data begins at a multiple of this, so that the file can be mapped into memory. */
const ALIGNMENT = 64

/**
 * Reads one `.npy`, versions 1.0 to 3.0. Source: "NEP 1 — A simple file format for NumPy arrays".
 * Every real type becomes float32, rounded to nearest.
 *
 * @param bytes the whole `.npy`
 * @param name what to call the array in an error
 * @param maxValues more values than this are refused before memory is taken for them
 * @returns the array, row-major even where the file is not
 * @throws {LstmError} LSTM_ERR_UNREADABLE_FILE for what is not a `.npy` of real numbers, whole and without remainder;
 *   LSTM_ERR_NON_FINITE, with the index, for a value that is NaN or infinite in float32
 */
export function readNpy(bytes: Uint8Array, name: string, maxValues = Number.MAX_SAFE_INTEGER): NamedArray {
  const fault: Fault = (reason) => faultOf('npz')(`array ${quoted(name)}: ${reason}`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { text, end } = readHeaderText(view, fault)
  const { descr, fortranOrder, shape } = parseNpyHeader(text, fault)
  const { bytesPerValue, read } = npyValues(descr, fault)
  const count = shape.reduce((product, length) => product * length, 1)
  const expected = count * bytesPerValue
  if (expected !== view.byteLength - end) {
    const stated = `shape (${shape.join(', ')}) of ${descr} takes ${expected} bytes`
    throw fault(`${stated}, but ${view.byteLength - end} bytes follow its header`)
  }
  if (count > maxValues) throw fault(`it has ${count} values, ${maxValues} are left of what is read at once`)

  // what nearly every file has: copied, without a call for each value
  if (descr === '<f4' && (!fortranOrder || shape.length < 2)) {
    return { shape, data: readFloats(new Uint8Array(bytes.subarray(end)), 'float32', shape, name) }
  }
  const data = new Float32Array(count)
  const next = fortranOrder ? fortranOrderOf(shape) : undefined
  for (let i = 0; i < count; i++) {
    const value = read(view, end + (next ? next() : i) * bytesPerValue)
    data[i] = value
    if (!Number.isFinite(data[i])) throw nonFinite(name, i, shape, value)
  }
  return { shape, data }
}

function readHeaderText(view: DataView, fault: Fault): { text: string; end: number } {
  if (view.byteLength < 10 || MAGIC.some((byte, i) => view.getUint8(i) !== byte)) {
    throw fault('it does not begin as a .npy')
  }
  const [major, minor] = [view.getUint8(6), view.getUint8(7)]
  if (major < 1 || major > 3 || minor !== 0)
    throw fault(`.npy version ${major}.${minor} is not known; 1.0, 2.0, 3.0 are`)
  const start = major === 1 ? 10 : 12
  if (view.byteLength < start) throw fault(`it is cut off after ${view.byteLength} bytes, in its header`)
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (length > MAX_HEADER_BYTES) throw fault(`its header takes ${length} bytes; at most ${MAX_HEADER_BYTES} are read`)
  const end = start + length
  if (end > view.byteLength) throw fault(`its header should end at byte ${end}, but it has ${view.byteLength} bytes`)
  // Versions 1.0 and 2.0 are Latin-1, 3.0 is UTF-8; headers that are read are ASCII, and others fail in any charset.
  const text = new TextDecoder('latin1').decode(new Uint8Array(view.buffer, view.byteOffset + start, length))
  return { text, end }
}

/** Gives, call by call, where the values of a row-major walk lie in an array whose first axis runs fastest. */
function fortranOrderOf(shape: readonly number[]): () => number {
  let stride = 1
  const axes = shape.map((length) => {
    const axis = { length, stride, at: 0 }
    stride *= length
    return axis
  })
  // Axes of length 1 never move; without them, the carries below stay under two steps a value whatever the shape.
  const moving = axes.filter(({ length }) => length > 1).reverse()
  let next = 0
  return () => {
    const current = next
    for (let i = 0; i < moving.length; i++) {
      const axis = moving[i]
      next += axis.stride
      if (++axis.at < axis.length) break
      next -= axis.stride * axis.length
      axis.at = 0
    }
    return current
  }
}

/**
 * Writes one `.npy`, version 1.0, little-endian float32, row-major.
 *
 * @throws {RangeError} when `data` has another number of values than `shape`
 */
export function writeNpy({ shape, data }: NamedArray): Uint8Array<ArrayBuffer> {
  const count = shape.reduce((product, length) => product * length, 1)
  if (count !== data.length) throw new RangeError(`shape (${shape.join(', ')}) has ${count} values, not ${data.length}`)
  const header: NpyHeader = { descr: '<f4', fortranOrder: false, shape }
  const text = formatHeader(header)
  const start = 10 + text.length
  const npy = new Uint8Array(start + 4 * count)
  const view = new DataView(npy.buffer)
  npy.set([...MAGIC, 1, 0])
  view.setUint16(8, text.length, true)
  npy.set(Buffer.from(text, 'latin1'), 10)
  for (let i = 0; i < count; i++) view.setFloat32(start + 4 * i, data[i], true)
  return npy
}

/** The dict in NumPy's own spelling, padded so that the data begins at a multiple of 64 bytes. */
function formatHeader({ descr, fortranOrder, shape }: NpyHeader): string {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`
  const dict = `{'descr': '${descr}', 'fortran_order': ${fortranOrder ? 'True' : 'False'}, 'shape': ${tuple}, }`
  const unpadded = 10 + dict.length + 1
  return `${dict}${' '.repeat((ALIGNMENT - (unpadded % ALIGNMENT)) % ALIGNMENT)}\n`
}
