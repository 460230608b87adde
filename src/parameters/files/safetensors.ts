import type { FileArray } from './array.ts'
import { faultOf, quoted } from './fault.ts'
import { type FloatType, floatTypes, readFloats } from './floats.ts'
import { readSafetensorsHeader } from './safetensors-header.ts'

/** The format's own bound on its header. */
const MAX_HEADER_BYTES = 100_000_000
/** What a header of this service's use may take: each tensor costs memory before anything is known of its use. */
const MAX_TENSORS = 100_000
const MAX_AXES = 64

const types: Readonly<Record<string, FloatType>> = {
  F16: 'float16',
  BF16: 'bfloat16',
  F32: 'float32',
  F64: 'float64'
}

/** Bytes of a value, for the types that are skipped when nobody wants them. */
const otherTypes: Readonly<Record<string, number>> = { BOOL: 1, U8: 1, I8: 1, F8_E4M3: 1, F8_E5M2: 1, I16: 2, U16: 2 }
const wideTypes: Readonly<Record<string, number>> = { I32: 4, U32: 4, I64: 8, U64: 8 }

export interface Safetensors {
  readonly arrays: Map<string, FileArray>
  /** The free text that a file may carry. */
  readonly metadata: ReadonlyMap<string, string>
}

/**
 * Reads a safetensors file: a u64 length, that many bytes of JSON, the data. The tensors must cover the data exactly,
 * without holes and overlaps. Source: the format's description in its repository, "Format".
 * @returns the arrays, which are views on `bytes` until they are read
 * @throws LSTM_ERR_UNREADABLE_FILE for whatever contradicts that
 */
export function readSafetensors(bytes: Uint8Array): Safetensors {
  const fault = faultOf('safetensors')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.byteLength < 8) throw fault(`it is cut off after ${view.byteLength} bytes, in the length of its header`)
  const length = Number(view.getBigUint64(0, true))
  if (length > MAX_HEADER_BYTES) throw fault(`its header takes ${length} bytes; at most ${MAX_HEADER_BYTES} are read`)
  const dataAt = 8 + length
  if (dataAt > view.byteLength) {
    throw fault(`its header should end at byte ${dataAt}, but the file has ${view.byteLength} bytes`)
  }
  const header = readSafetensorsHeader(bytes.subarray(8, dataAt), MAX_TENSORS, fault)
  const size = view.byteLength - dataAt
  const arrays = new Map<string, FileArray>()
  for (const { name, dtype, shape, begin, end } of header.tensors) {
    const where = `tensor ${quoted(name)}`
    if (shape.length > MAX_AXES) throw fault(`${where} has ${shape.length} axes; at most ${MAX_AXES} are read`)
    const type = types[dtype]
    const bytesPerValue = type === undefined ? (otherTypes[dtype] ?? wideTypes[dtype]) : floatTypes[type].bytes
    if (bytesPerValue === undefined) throw fault(`${where} has dtype ${quoted(dtype)}, which is not known`)
    if (begin > end || end > size) {
      throw fault(`${where} should take bytes ${begin} to ${end} of the data, which has ${size} bytes`)
    }
    const expected = shape.reduce((product, n) => product * n, bytesPerValue)
    if (end - begin !== expected) {
      throw fault(`${where}: shape (${shape.join(', ')}) of ${dtype} takes ${expected} bytes, not ${end - begin}`)
    }
    arrays.set(name, {
      shape,
      read() {
        if (type === undefined) {
          throw fault(`${where} has dtype ${dtype}; weights are read from ${Object.keys(types).join(', ')}`)
        }
        return { shape, data: readFloats(bytes.subarray(dataAt + begin, dataAt + end), type, shape, name) }
      }
    })
  }
  let reached = 0
  for (const { name, begin, end } of header.tensors.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    const what = begin < reached ? 'overlaps the tensor before it' : 'leaves a hole before it'
    if (begin !== reached)
      throw fault(`tensor ${quoted(name)} at byte ${begin} of the data ${what}, at byte ${reached}`)
    reached = end
  }
  if (reached !== size) throw fault(`the tensors end at byte ${reached} of the data, which has ${size} bytes`)
  return { arrays, metadata: header.metadata }
}
