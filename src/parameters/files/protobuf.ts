import type { Fault } from './fault.ts'

const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5

/**
 * The fields of one protobuf message, one after the other, without anything being built for them: a message of two bytes a
 * field costs its reader nothing. Source: "Encoding" in the documentation of Protocol Buffers.
 *
 *     while (reader.next()) if (reader.field === 1) … = reader.bytes()
 */
export class ProtobufReader {
  /** Number of the field that `next` has come to. */
  field = 0
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #what: string
  readonly #fault: Fault
  #wire = 0
  #at = 0
  /** Where the field's value begins, and where the next field does. */
  #start = 0
  #varint = 0

  /** @param what the message is called in errors */
  constructor(bytes: Uint8Array, what: string, fault: Fault) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#what = what
    this.#fault = fault
  }

  /** Comes to the next field. @returns false at the end */
  next(): boolean {
    if (this.#at >= this.#bytes.byteLength) return false
    const tag = this.#readVarint()
    this.field = Math.floor(tag / 8)
    this.#wire = tag % 8
    this.#start = this.#at
    if (this.#wire === VARINT) this.#varint = this.#readVarint()
    else if (this.#wire === FIXED64) this.#at += 8
    else if (this.#wire === FIXED32) this.#at += 4
    else if (this.#wire === BYTES) {
      const length = this.#readVarint()
      this.#start = this.#at
      this.#at += length
    } else {
      throw this.#wrong(`field ${this.field} has wire type ${this.#wire}`)
    }
    if (this.field < 1 || this.#at > this.#bytes.byteLength || this.#at < this.#start)
      throw this.#wrong('it is cut off')
    return true
  }

  /** The field's bytes: a string, a message, or packed numbers. A view, not a copy. */
  bytes(): Uint8Array {
    if (this.#wire !== BYTES) throw this.#wrong(`field ${this.field} is a number where bytes should be`)
    return this.#bytes.subarray(this.#start, this.#at)
  }

  /** The field's bytes, whatever it is: of a fixed number, of packed ones. */
  content(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#at)
  }

  text(): string {
    return Buffer.from(this.bytes()).toString('utf8')
  }

  /** A signed integer; past 2^53 it comes out rounded. */
  integer(): number {
    if (this.#wire !== VARINT) throw this.#wrong(`field ${this.field} is no integer`)
    return this.#varint
  }

  float32(): number {
    if (this.#wire !== FIXED32) throw this.#wrong(`field ${this.field} is no float`)
    return this.#view.getFloat32(this.#start, true)
  }

  /** Appends the integer or the packed integers of this field. */
  integers(into: number[], most: number): void {
    if (this.#wire === VARINT) {
      into.push(this.#varint)
    } else {
      const packed = new ProtobufReader(this.bytes(), this.#what, this.#fault)
      while (packed.#at < packed.#bytes.byteLength && into.length <= most) into.push(packed.#readVarint())
    }
    if (into.length > most) throw this.#wrong(`field ${this.field} has more than ${most} numbers`)
  }

  /** Appends the float or the packed floats of this field. */
  floats(into: number[], most: number): void {
    if (this.#wire === FIXED32) {
      into.push(this.float32())
    } else {
      const bytes = this.bytes()
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      for (let at = 0; at + 4 <= bytes.byteLength && into.length <= most; at += 4) into.push(view.getFloat32(at, true))
    }
    if (into.length > most) throw this.#wrong(`field ${this.field} has more than ${most} numbers`)
  }

  /** Seven bits a byte, the lowest first; 64 bits, two's complement. */
  #readVarint(): number {
    let low = 0
    let high = 0
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.#at >= this.#bytes.byteLength) throw this.#wrong('it is cut off')
      const byte = this.#bytes[this.#at++]
      const bits = byte & 0x7f
      if (shift < 28) low += bits * 2 ** shift
      else high += bits * 2 ** (shift - 28)
      if (byte < 0x80) {
        const unsigned = high * 2 ** 28 + low
        return unsigned >= 2 ** 63 ? Number(BigInt.asIntN(64, (BigInt(high) << 28n) | BigInt(low))) : unsigned
      }
    }
    throw this.#wrong('a number of more than 10 bytes')
  }

  #wrong(reason: string): ReturnType<Fault> {
    return this.#fault(`${this.#what}, byte ${this.#start} of it: ${reason}`)
  }
}
