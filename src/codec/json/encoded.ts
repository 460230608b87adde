import { base64Fault, type DecodedBase64, decodeBase64 } from '../base64.ts'
import { firstNonFinite } from '../finite.ts'
import { countOf, indexOf } from '../strided.ts'
import { Tensor } from '../tensor.ts'
import * as ascii from './ascii.ts'
import { badBase64, badTensor, memberPointer, nonFinite } from './faults.ts'
import type { JsonReader } from './reader.ts'

/**
 * Reads an object where a tensor may stand: `{"shape": [2, 3], "data": "<base64 of little-endian float32>"}`, its
 * members in any order. The text of `data` goes from the bytes to the decoder without being unescaped, unless it must.
 * @param closed what is no tensor is not built, see `ReadLimits`
 * @returns the tensor, or the ordinary object if it lacks `shape` or `data`
 * @throws LSTM_ERR_BAD_TENSOR for an unknown member, a `shape` that is none, and `data` that is no string
 * @throws LSTM_ERR_BAD_BASE64 for text that is not strict base64 of prod(shape) values
 * @throws LSTM_ERR_NON_FINITE for NaN and infinities
 */
export function readEncoded(reader: JsonReader, pointer: string, closed = false): unknown {
  const start = reader.position
  let shape: unknown
  let dataAt = -1
  let dataEnd = -1
  let unknown: string | undefined
  let repeated = false
  const members = reader.object((key) => {
    if (key === 'data') {
      reader.next()
      repeated ||= dataAt >= 0
      dataAt = reader.position
      const data = skipData(reader)
      dataEnd = reader.position
      return data
    }
    const value = closed && key !== 'shape' ? reader.skip() : reader.value()
    if (key === 'shape') shape = value
    else unknown ??= key
    return value
  })
  if (!('shape' in members && 'data' in members)) {
    reader.position = start
    return closed ? reader.skip() : reader.value()
  }
  const end = reader.position
  if (repeated) {
    // The text that the last one replaced is never decoded, so nothing has looked into it yet.
    reader.position = start
    reader.value()
  }
  if (unknown !== undefined) {
    throw badTensor(memberPointer(pointer, unknown), 'unknown member; expected only shape and data')
  }
  const dimensions = checkShape(shape, pointer)
  const { values, finite } = readData(reader, dataAt, dataEnd, dimensions, pointer)
  reader.position = end
  if (!finite) {
    const flat = firstNonFinite(values)
    const name = pointer.slice(1).replaceAll('/', '.')
    const index = indexOf(flat, dimensions).map((i) => `[${i}]`)
    throw nonFinite(`${name}${index.join('')}`, `${values[flat]} (value ${flat} of data)`, `${pointer}/data`)
  }
  return new Tensor(dimensions, values, 'base64')
}

/**
 * Skips the value of `data`. Base64 holds no escapes, so a string ends at the next quote; what it holds is seen later.
 */
function skipData(reader: JsonReader): unknown {
  if (reader.peek() !== ascii.QUOTE) return reader.value()
  const close = reader.bytes.indexOf(ascii.QUOTE, reader.position + 1)
  if (close < 0 || reader.bytes[close - 1] === ascii.BACKSLASH) return reader.string()
  reader.position = close + 1
  return undefined
}

function checkShape(shape: unknown, tensorPointer: string): number[] {
  const pointer = `${tensorPointer}/shape`
  if (!Array.isArray(shape)) throw badTensor(pointer, `expected an array of integers, found ${describe(shape)}`)
  let values = 1
  for (const [axis, length] of shape.entries()) {
    if (!Number.isSafeInteger(length) || length < 0) {
      throw badTensor(`${pointer}/${axis}`, `expected an integer of at least 0, found ${describe(length)}`)
    }
    values *= length
  }
  if (!Number.isSafeInteger(4 * values)) throw badTensor(pointer, `(${shape.join(', ')}) has more values than can be`)
  return shape.map((length) => length + 0)
}

function describe(value: unknown): string {
  if (typeof value === 'number') return String(value)
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** @param at where `data` begins, @param end and what is behind it */
function readData(
  reader: JsonReader,
  at: number,
  end: number,
  shape: readonly number[],
  pointer: string
): DecodedBase64 {
  const count = countOf(shape)
  if (reader.bytes[at] !== ascii.QUOTE) {
    reader.position = at
    throw badTensor(`${pointer}/data`, `expected a string of base64, found ${describe(reader.value())}`)
  }
  const decoded = decodeBase64(reader.bytes, at + 1, end - 1, count)
  if (decoded !== undefined) return decoded
  // It may still be good base64 under escapes: PHP writes \/ for a slash.
  reader.position = at
  const text = reader.string()
  const utf8 = Buffer.from(text)
  const unescaped = decodeBase64(utf8, 0, utf8.length, count)
  if (unescaped === undefined) throw badBase64(`${pointer}/data`, base64Fault(text, count))
  return unescaped
}
