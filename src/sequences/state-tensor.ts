import type { Base64Tensor } from '../../schemas/index.ts'
import type { Static } from '../../schemas/typebox.ts'
import { LstmError } from '../errors.ts'

/** States as they are exported: few values, so that neither way is worth a worker. */

type Shape = readonly [number, number]

const FLOAT = Float32Array.BYTES_PER_ELEMENT
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/**
 * @param bytes float32, row-major
 * @throws LSTM_ERR_NON_FINITE where the JSON is nested, which has no word for such a number
 */
export function tensorOf(
  bytes: Uint8Array,
  [m, n]: Shape,
  nested: boolean,
  name: string
): number[][] | Static<typeof Base64Tensor> {
  if (!nested) return { shape: [m, n], data: Buffer.from(bytes).toString('base64') }
  const values = floats(bytes)
  checkFinite(values, name, n)
  return Array.from({ length: m }, (_, j) => Array.from(values.subarray(j * n, (j + 1) * n)))
}

/**
 * The float32 bytes of a tensor, nested or base64.
 * @param symbols of the shape
 * @throws LSTM_ERR_SHAPE_MISMATCH, LSTM_ERR_BAD_TENSOR, LSTM_ERR_BAD_BASE64, LSTM_ERR_NON_FINITE
 */
export function tensorBytes(tensor: unknown, path: string, symbols: string, expected: Shape): Uint8Array {
  const bytes = Array.isArray(tensor)
    ? fromNested(tensor, path, symbols, expected)
    : fromBase64(tensor, path, symbols, expected)
  checkFinite(floats(bytes), path, expected[1], path)
  return bytes
}

function fromNested(rows: readonly unknown[], path: string, symbols: string, expected: Shape): Uint8Array {
  const [m, n] = expected
  const wrong = rows.find((row) => !Array.isArray(row) || row.length !== n)
  if (rows.length !== m || wrong !== undefined) {
    const width = Array.isArray(wrong) ? wrong.length : wrong === undefined ? n : 0
    throw LstmError.at(path, 'LSTM_ERR_SHAPE_MISMATCH', [path, [rows.length, width], symbols, expected])
  }
  const values = new Float32Array(m * n)
  for (const [i, value] of (rows as unknown[][]).flat().entries()) {
    if (typeof value !== 'number') {
      const where = `${path}/${Math.floor(i / n)}/${i % n}`
      throw LstmError.at(where, 'LSTM_ERR_BAD_TENSOR', [where, 'expected a number'])
    }
    values[i] = value
  }
  return new Uint8Array(values.buffer)
}

function fromBase64(tensor: unknown, path: string, symbols: string, expected: Shape): Uint8Array {
  const { shape, data } = (tensor ?? {}) as { shape?: unknown; data?: unknown }
  if (!Array.isArray(shape) || !shape.every((length) => Number.isSafeInteger(length)) || typeof data !== 'string') {
    const reason = 'expected nested arrays of numbers, or an object of shape and data in base64'
    throw LstmError.at(path, 'LSTM_ERR_BAD_TENSOR', [path, reason])
  }
  const [m, n] = expected
  if (shape.length !== 2 || shape[0] !== m || shape[1] !== n) {
    throw LstmError.at(`${path}/shape`, 'LSTM_ERR_SHAPE_MISMATCH', [path, shape.slice(0, 10), symbols, expected])
  }
  if (!BASE64.test(data)) {
    throw LstmError.at(`${path}/data`, 'LSTM_ERR_BAD_BASE64', [path, 'expected the standard alphabet, padded'])
  }
  const bytes = new Uint8Array(Buffer.from(data, 'base64'))
  if (bytes.length !== FLOAT * m * n) {
    const reason = `data holds ${bytes.length} bytes; expected ${FLOAT * m * n} for shape (${m}, ${n})`
    throw LstmError.at(`${path}/data`, 'LSTM_ERR_BAD_BASE64', [path, reason])
  }
  return bytes
}

/** A copy: a block of memory need not begin at a whole word. */
function floats(bytes: Uint8Array): Float32Array {
  return new Float32Array(new Uint8Array(bytes).buffer)
}

function checkFinite(values: Float32Array, name: string, n: number, path = ''): void {
  const wrong = values.findIndex((value) => !Number.isFinite(value))
  if (wrong < 0) return
  throw LstmError.at(path, 'LSTM_ERR_NON_FINITE', [
    `${name}[${Math.floor(wrong / n)}][${wrong % n}]`,
    String(values[wrong])
  ])
}
