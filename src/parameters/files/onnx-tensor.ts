import type { NamedArray } from './array.ts'
import { type Fault, quoted } from './fault.ts'
import { type FloatType, floatTypes, readFloats } from './floats.ts'
import { ProtobufReader } from './protobuf.ts'

// Field numbers and types are those of onnx.proto, messages TensorProto and its enum DataType.
const floats: Readonly<Record<number, FloatType>> = { 1: 'float32', 10: 'float16', 11: 'float64', 16: 'bfloat16' }
const INT32 = 6
const INT64 = 7
const EXTERNAL = 1
const MAX_AXES = 32
/** Shapes, axes and indices; weights are floats. */
const MAX_INTEGERS = 4096

/** A tensor of an ONNX file: floats, or whole numbers that say how others are cut and joined. */
export interface OnnxTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly isFloat: boolean
  /** @throws LSTM_ERR_UNREADABLE_FILE unless it is one of floats; LSTM_ERR_NON_FINITE */
  floats(): NamedArray
  /** The values of a tensor of whole numbers; undefined for any other, and for one that is too long to be a shape. */
  integers(): number[] | undefined
}

/** @param bytes a TensorProto */
export function readOnnxTensor(bytes: Uint8Array, fault: Fault): OnnxTensor {
  const shape: number[] = []
  let name = ''
  let type = 0
  let location = 0
  let raw: Uint8Array | undefined
  let typed = false
  const reader = new ProtobufReader(bytes, 'a tensor', fault)
  while (reader.next()) {
    if (reader.field === 1) reader.integers(shape, MAX_AXES)
    else if (reader.field === 2) type = reader.integer()
    else if (reader.field === 8) name = reader.text()
    else if (reader.field === 9) raw = reader.bytes()
    else if (reader.field === 14) location = reader.integer()
    else if ([4, 5, 7, 10].includes(reader.field)) typed = true
  }
  const where = `tensor ${quoted(name)}`
  if (shape.some((length) => length < 0 || !Number.isSafeInteger(length))) {
    throw fault(`${where} has shape (${shape.join(', ')})`)
  }
  const count = shape.reduce((product, length) => product * length, 1)
  return {
    name,
    shape,
    isFloat: floats[type] !== undefined,
    floats() {
      const kind = floats[type]
      if (kind === undefined) throw fault(`${where} has data type ${type}; weights are read from float types only`)
      if (location === EXTERNAL) throw fault(`${where} lies in another file; save the model as one file`)
      const content = raw ?? typedField(typed ? bytes : undefined, kind, count, where, fault)
      if (content.byteLength !== count * floatTypes[kind].bytes) {
        const stated = `shape (${shape.join(', ')}) takes ${count * floatTypes[kind].bytes} bytes`
        throw fault(`${where}: ${stated}, not ${content.byteLength}`)
      }
      return { shape, data: readFloats(content, kind, shape, name) }
    },
    integers() {
      if ((type !== INT64 && type !== INT32) || location === EXTERNAL || count > MAX_INTEGERS) return undefined
      const values: number[] = []
      if (raw !== undefined) {
        const size = type === INT64 ? 8 : 4
        if (raw.byteLength !== count * size) throw fault(`${where} has ${raw.byteLength} bytes, not ${count * size}`)
        const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength)
        for (let at = 0; at < raw.byteLength; at += size) {
          values.push(type === INT64 ? Number(view.getBigInt64(at, true)) : view.getInt32(at, true))
        }
      } else if (typed) {
        const again = new ProtobufReader(bytes, where, fault)
        while (again.next()) if (again.field === (type === INT64 ? 7 : 5)) again.integers(values, MAX_INTEGERS)
      }
      if (values.length !== count) throw fault(`${where} has ${values.length} values, not ${count}`)
      return values
    }
  }
}

/** The values in a typed field (float_data, int32_data, double_data) as raw data would have them. */
function typedField(
  tensor: Uint8Array | undefined,
  kind: FloatType,
  count: number,
  where: string,
  fault: Fault
): Uint8Array {
  if (tensor === undefined) return new Uint8Array(0)
  const size = floatTypes[kind].bytes
  // a value takes a byte at least: more values than bytes are not there
  if (count > tensor.byteLength) throw fault(`${where} should have ${count} values in ${tensor.byteLength} bytes`)
  const field = kind === 'float32' ? 4 : kind === 'float64' ? 10 : 5
  const content = new Uint8Array(count * size)
  const view = new DataView(content.buffer)
  const reader = new ProtobufReader(tensor, where, fault)
  let at = 0
  while (reader.next()) {
    if (reader.field !== field) continue
    if (size === 2) {
      // halves travel as whole numbers
      const values: number[] = []
      reader.integers(values, count)
      for (const value of values.slice(0, count - at / 2)) {
        view.setUint16(at, value, true)
        at += 2
      }
      continue
    }
    const part = reader.content()
    if (at + part.byteLength > content.byteLength) throw fault(`${where} has more values than its shape`)
    content.set(part, at)
    at += part.byteLength
  }
  if (at !== content.byteLength) throw fault(`${where} has ${at / size} values, not ${count}`)
  return content
}
