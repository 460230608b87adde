import type { Fault } from './fault.ts'

/** "Undefined address": nothing is there. */
const UNDEFINED = 0xffff_ffff_ffff_ffffn

/**
 * The bytes of an HDF5 file. Everything in it refers to everything else by address, so every look is checked, and looks are
 * counted: structures that lead back to themselves end when the count does. Everything is little-endian.
 */
export class Hdf5Bytes {
  readonly bytes: Uint8Array
  readonly #view: DataView
  readonly #fault: Fault
  #blocksLeft = 200_000

  constructor(bytes: Uint8Array, fault: Fault) {
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#fault = fault
  }

  fault(reason: string): ReturnType<Fault> {
    return this.#fault(reason)
  }

  /** Demands that a block lies in the file. */
  block(at: number, length: number, what: string): number {
    if (this.#blocksLeft-- <= 0) throw this.#fault(`it has more parts than any model, or they lead in a circle`)
    if (!(at >= 0 && length >= 0 && at + length <= this.bytes.byteLength)) {
      throw this.#fault(`${what} should take bytes ${at} to ${at + length}, but the file has ${this.bytes.byteLength}`)
    }
    return at
  }

  /** Demands a block that begins with a signature. */
  signed(at: number, length: number, signature: string, what: string): number {
    this.block(at, length, what)
    const found = Buffer.from(this.bytes.subarray(at, at + signature.length)).toString('latin1')
    if (found !== signature) throw this.#fault(`expected ${what}, "${signature}", at byte ${at}`)
    return at
  }

  u8(at: number): number {
    return this.#view.getUint8(this.#inside(at, 1))
  }

  u16(at: number): number {
    return this.#view.getUint16(this.#inside(at, 2), true)
  }

  u32(at: number): number {
    return this.#view.getUint32(this.#inside(at, 4), true)
  }

  /** Numbers past 2^53 come out rounded, and still past the end of every file. */
  u64(at: number): number {
    return Number(this.#view.getBigUint64(this.#inside(at, 8), true))
  }

  isUndefined(at: number): boolean {
    return this.#view.getBigUint64(this.#inside(at, 8), true) === UNDEFINED
  }

  /** An unsigned number of 1, 2, 4 or 8 bytes. */
  sized(at: number, bytes: number): number {
    return bytes === 1 ? this.u8(at) : bytes === 2 ? this.u16(at) : bytes === 4 ? this.u32(at) : this.u64(at)
  }

  /** Text up to a zero byte or `limit`. */
  text(at: number, limit: number, what: string): string {
    this.block(at, limit - at, what)
    const zero = this.bytes.subarray(at, limit).indexOf(0)
    return Buffer.from(this.bytes.subarray(at, zero < 0 ? limit : at + zero)).toString('utf8')
  }

  #inside(at: number, length: number): number {
    if (!(at >= 0 && at + length <= this.bytes.byteLength)) {
      throw this.#fault(`something should be at byte ${at}, but the file has ${this.bytes.byteLength} bytes`)
    }
    return at
  }
}
