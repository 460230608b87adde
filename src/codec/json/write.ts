import { LstmError } from '../../errors.ts'
import { base64Length, encodeBase64 } from '../base64.ts'
import { firstNonFinite } from '../finite.ts'
import { type NativeCodec, nativeCodec } from '../native/codec.ts'
import { NATIVE_AXES, roomFor, setLayout, writeNatively } from '../native/write-nested.ts'
import { contiguous, indexOf } from '../strided.ts'
import type { StridedTensor } from '../tensor.ts'
import { FLOATS, floatBits, TEXT, text, writeNumbers } from './wasm/module.ts'

const SPACE = 0x20
const COMMA = 0x2c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d

/** So many numbers are written at once: with at most 22 characters and `],[` they fit into the text of the WASM code. */
const CHUNK = 2048

/** From this length on a row that lies in order is copied faster as a whole. */
const LONG_ROW = 64

/** Up to this length a text of ASCII is written faster here than by Buffer, of which a view would have to be made. */
const SHORT_TEXT = 256

/** What the WASM code writes behind the last number of a row. */
const ROW_END = '],['

/**
 * Memory of finished writers for the next ones: to allocate and clear it takes longer than to write a small document,
 * and what is dropped V8 has to collect.
 */
const spares: Uint8Array<ArrayBuffer>[] = []
let spareBytes = 0
const MAX_SPARE_BYTES = 1 << 22
const INITIAL_BYTES = 4096
const NOTHING = new Uint8Array(0)

function spare(memory: Uint8Array<ArrayBuffer>): void {
  if (memory.length < INITIAL_BYTES || spareBytes + memory.length > MAX_SPARE_BYTES) return
  spareBytes += memory.length
  spares.push(memory)
}

/** A finished document in memory that is used again. */
export interface LentDocument {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Nobody reads the bytes any more. It need not be called, and later calls do nothing. */
  release(): void
}

/**
 * Writes a JSON document piece by piece, in the order of the calls, into bytes that grow.
 * A call that throws leaves the document unfinished; the writer is then to be thrown away.
 */
export class JsonWriter {
  private bytes: Uint8Array<ArrayBuffer>
  private length = 0

  constructor(initialBytes = INITIAL_BYTES) {
    const last = spares[spares.length - 1]
    if (last !== undefined && last.length >= initialBytes) {
      spares.pop()
      spareBytes -= last.length
      this.bytes = last
    } else this.bytes = new Uint8Array(initialBytes)
  }

  /** Writes trusted JSON text, which has to be ASCII, such as `{"a":`. */
  raw(ascii: string): this {
    this.reserve(ascii.length)
    this.ascii(ascii)
    return this
  }

  /** Writes JSON that is there as bytes. */
  copy(json: Uint8Array): this {
    this.reserve(json.length)
    this.bytes.set(json, this.length)
    this.length += json.length
    return this
  }

  /** Writes what JSON.stringify makes of `json`; for anything but tensors. */
  value(json: unknown): this {
    const text = JSON.stringify(json) as string | undefined
    if (text === undefined) throw new TypeError(`a ${typeof json} has no JSON`)
    // UTF-8 takes at most three bytes for a UTF-16 unit.
    this.reserve(3 * text.length)
    if (text.length <= SHORT_TEXT && this.ascii(text)) return this
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
    const textLength = base64Length(values.byteLength)
    this.raw('{"shape":[').raw(tensor.shape.join(',')).raw('],"data":"')
    this.reserve(textLength)
    if (!encodeBase64(values, this.bytes, this.length)) throw nonFinite(tensor)
    this.length += textLength
    return this.raw('"}')
  }

  /** The document, in a buffer of its own and of its size, fit to be transferred. It ends the writer. */
  finish(): Uint8Array<ArrayBuffer> {
    const { bytes, length } = this
    this.bytes = NOTHING
    this.length = 0
    if (length === bytes.length) return bytes
    spare(bytes)
    return bytes.slice(0, length)
  }

  /** The document where it was written. It ends the writer. */
  lend(): LentDocument {
    const { bytes, length } = this
    let lent = true
    this.bytes = NOTHING
    this.length = 0
    const release = () => {
      if (lent) spare(bytes)
      lent = false
    }
    return { bytes: bytes.subarray(0, length), release }
  }

  /** Writes a text for which there is room. @returns false, and has written nothing, if it is not all ASCII */
  private ascii(text: string): boolean {
    const { bytes, length } = this
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      if (unit >= 0x80) return false
      bytes[length + i] = unit
    }
    this.length = length + text.length
    return true
  }

  /**
   * The document with something behind it, where it was written: filled up with spaces to a multiple of `multiple`, then
   * `behind` bytes, every one of which the caller has to write. It ends the writer.
   * @returns the whole, and the length of the document
   */
  lendWith(multiple: number, behind: number): LentDocument & { readonly length: number } {
    while (this.length % multiple !== 0) this.put(SPACE)
    const { length } = this
    this.reserve(behind)
    this.length += behind
    return { ...this.lend(), length }
  }

  private reserve(count: number): void {
    const needed = this.length + count
    if (needed <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(needed, 2 * this.bytes.length))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }

  private level(tensor: StridedTensor, bits: Int32Array, axis: number, from: number): void {
    const { shape, strides } = tensor
    const axes = shape.length - axis
    if (nativeCodec !== undefined && axes <= NATIVE_AXES && !shape.includes(0, axis)) {
      this.native(nativeCodec, tensor, axis, from)
      return
    }
    if (axes <= 2 && shape[axis] !== 0 && shape[axis + 1] !== 0) {
      this.rows(tensor, bits, axis, from)
      return
    }
    this.put(OPEN_BRACKET)
    for (let i = 0; i < shape[axis]; i++) {
      if (i > 0) this.put(COMMA)
      this.level(tensor, bits, axis + 1, from + i * strides[axis])
    }
    this.put(CLOSE_BRACKET)
  }

  private put(byte: number): void {
    this.reserve(1)
    this.bytes[this.length++] = byte
  }

  /** The last axes, at most three, none of them of length 0. */
  private native(codec: NativeCodec, tensor: StridedTensor, axis: number, from: number): void {
    const count = setLayout(tensor, axis, from)
    for (let done = 0; done < count; done += CHUNK) {
      const chunk = Math.min(CHUNK, count - done)
      this.reserve(roomFor(chunk))
      const end = writeNatively(codec, tensor.data, from, done, chunk, this.bytes, this.length)
      if (end < 0) throw nonFinite(tensor)
      this.length = end
    }
  }

  /** The last axes, at most two, none of them of length 0. */
  private rows(tensor: StridedTensor, bits: Int32Array, axis: number, from: number): void {
    const { shape, strides } = tensor
    const axes = shape.length - axis
    const rowStride = axes === 2 ? strides[axis] : 0
    const stride = axes > 0 ? strides[shape.length - 1] : 0
    const columns = axes > 0 ? shape[shape.length - 1] : 1
    const count = axes === 2 ? columns * shape[axis] : columns
    for (let i = 0; i < axes; i++) this.put(OPEN_BRACKET)
    let row = from
    let column = 0
    for (let done = 0; done < count; done += CHUNK) {
      const before = column
      const chunk = Math.min(CHUNK, count - done)
      for (let i = 0; i < chunk; ) {
        const end = Math.min(chunk, i + columns - column)
        const first = row + column * stride
        column += end - i
        if (stride === 1 && end - i >= LONG_ROW) floatBits.set(bits.subarray(first, first + end - i), i)
        else for (let k = i, source = first; k < end; k++, source += stride) floatBits[k] = bits[source]
        i = end
        if (column === columns) {
          column = 0
          row += rowStride
        }
      }
      const length = writeNumbers(FLOATS, chunk, TEXT, columns, before) - TEXT
      if (length < 0) throw nonFinite(tensor)
      this.reserve(length)
      this.bytes.set(text.subarray(0, length), this.length)
      this.length += length
    }
    this.length -= ROW_END.length
    for (let i = 0; i < axes; i++) this.put(CLOSE_BRACKET)
  }
}

function nonFinite(tensor: StridedTensor): LstmError<'LSTM_ERR_NON_FINITE'> {
  const values = contiguous(tensor)
  const flat = firstNonFinite(values)
  const index = indexOf(flat, tensor.shape).map((i) => `[${i}]`)
  return new LstmError('LSTM_ERR_NON_FINITE', [`value ${index.join('')}`.trim(), String(values[flat])])
}
