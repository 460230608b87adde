import { LstmError } from '../../errors.ts'
import { encodeBase64 } from '../base64.ts'
import { firstNonFinite } from '../finite.ts'
import { contiguous, indexOf } from '../strided.ts'
import type { StridedTensor } from '../tensor.ts'
import { MAX_FLOAT32_TEXT, writeFloat32 } from './float32.ts'

const COMMA = 0x2c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d

/** A number and the comma behind it. */
const MAX_ELEMENT = MAX_FLOAT32_TEXT + 1

/** Room is reserved for so many numbers at once: rarely enough, and never for much more than there are. */
const CHUNK = 1024

/**
 * Memory of a finished writer for the next one: to allocate and clear it takes longer than to write a small document.
 * A thread rarely writes two documents at once; the second then has memory of its own.
 */
let spare: Uint8Array<ArrayBuffer> | undefined
const MAX_SPARE_BYTES = 1 << 22
const NOTHING = new Uint8Array(0)

/**
 * Writes a JSON document piece by piece, in the order of the calls, into bytes that grow.
 * A call that throws leaves the document unfinished; the writer is then to be thrown away.
 */
export class JsonWriter {
  private bytes: Uint8Array<ArrayBuffer>
  private view: DataView
  private length = 0

  constructor(initialBytes = 4096) {
    if (spare !== undefined && spare.length >= initialBytes) {
      this.bytes = spare
      spare = undefined
    } else this.bytes = new Uint8Array(initialBytes)
    this.view = new DataView(this.bytes.buffer)
  }

  /** Writes trusted JSON text, which has to be ASCII, such as `{"a":`. */
  raw(ascii: string): this {
    this.reserve(ascii.length)
    for (let i = 0; i < ascii.length; i++) this.bytes[this.length++] = ascii.charCodeAt(i)
    return this
  }

  /** Writes what JSON.stringify makes of `json`; for anything but tensors. */
  value(json: unknown): this {
    const text = JSON.stringify(json) as string | undefined
    if (text === undefined) throw new TypeError(`a ${typeof json} has no JSON`)
    // UTF-8 takes at most three bytes for a UTF-16 unit.
    this.reserve(3 * text.length)
    this.length += Buffer.from(this.bytes.buffer).write(text, this.length)
    return this
  }

  /**
   * Writes `tensor` as nested arrays in the order of its shape, every number as the shortest decimal that gives the
   * same float32 back.
   * @throws LSTM_ERR_NON_FINITE, naming the index
   */
  nested(tensor: StridedTensor): this {
    const { buffer, byteOffset, length } = tensor.data
    this.level(tensor, new Int32Array(buffer, byteOffset, length), 0, tensor.offset)
    return this
  }

  /**
   * Writes `tensor` as `{"shape":[…],"data":"<base64 of little-endian float32>"}`, gathered first unless it lies in
   * order.
   * @throws LSTM_ERR_NON_FINITE, naming the index
   */
  base64(tensor: StridedTensor): this {
    const values = contiguous(tensor)
    if (firstNonFinite(values) >= 0) throw nonFinite(tensor)
    const text = encodeBase64(values)
    this.raw(`{"shape":[${tensor.shape.join(',')}],"data":"`)
    this.reserve(text.length)
    this.length += Buffer.from(this.bytes.buffer).write(text, this.length, 'latin1')
    return this.raw('"}')
  }

  /** The document, in a buffer of its own and of its size, fit to be transferred. It ends the writer. */
  finish(): Uint8Array<ArrayBuffer> {
    const { bytes, length } = this
    this.bytes = NOTHING
    this.view = new DataView(NOTHING.buffer)
    this.length = 0
    if (length === bytes.length) return bytes
    if (bytes.length <= MAX_SPARE_BYTES) spare = bytes
    return bytes.slice(0, length)
  }

  private reserve(count: number): void {
    const needed = this.length + count
    if (needed <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(needed, 2 * this.bytes.length))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
    this.view = new DataView(grown.buffer)
  }

  private level(tensor: StridedTensor, bits: Int32Array, axis: number, from: number): void {
    const { shape, strides } = tensor
    const stride = strides[axis]
    const count = shape[axis]
    if (axis === shape.length) {
      this.row(tensor, bits, from, 0, 1)
      return
    }
    this.put(OPEN_BRACKET)
    if (axis === shape.length - 1) this.row(tensor, bits, from, stride, count)
    else {
      for (let i = 0; i < count; i++) {
        if (i > 0) this.put(COMMA)
        this.level(tensor, bits, axis + 1, from + i * stride)
      }
    }
    this.put(CLOSE_BRACKET)
  }

  private put(byte: number): void {
    this.reserve(1)
    this.bytes[this.length++] = byte
  }

  private row(tensor: StridedTensor, bits: Int32Array, from: number, stride: number, count: number): void {
    let source = from
    for (let done = 0; done < count; done += CHUNK) {
      const chunk = Math.min(CHUNK, count - done)
      this.reserve(chunk * MAX_ELEMENT)
      const { bytes, view } = this
      let at = this.length
      for (let i = 0; i < chunk; i++, source += stride) {
        at = writeFloat32(view, at, bits[source])
        if (at < 0) throw nonFinite(tensor)
        bytes[at++] = COMMA
      }
      this.length = at
    }
    // The comma behind the last number gives way to the bracket.
    if (count > 0) this.length--
  }
}

function nonFinite(tensor: StridedTensor): LstmError<'LSTM_ERR_NON_FINITE'> {
  const values = contiguous(tensor)
  const flat = firstNonFinite(values)
  const index = indexOf(flat, tensor.shape).map((i) => `[${i}]`)
  return new LstmError('LSTM_ERR_NON_FINITE', [`value ${index.join('')}`.trim(), String(values[flat])])
}
