/** Writes one protobuf message, field by field. Source: "Encoding" in the documentation of Protocol Buffers. */
export class ProtobufWriter {
  readonly #parts: Uint8Array[] = []

  integer(field: number, value: number): this {
    return this.#tag(field, 0).#varint(value)
  }

  float32(field: number, value: number): this {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setFloat32(0, value, true)
    this.#tag(field, 5).#parts.push(bytes)
    return this
  }

  bytes(field: number, content: Uint8Array): this {
    this.#tag(field, 2).#varint(content.byteLength).#parts.push(content)
    return this
  }

  text(field: number, content: string): this {
    return this.bytes(field, Buffer.from(content))
  }

  message(field: number, content: ProtobufWriter): this {
    return this.bytes(field, content.finish())
  }

  finish(): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(this.#parts.reduce((length, part) => length + part.byteLength, 0))
    let at = 0
    for (const part of this.#parts) {
      whole.set(part, at)
      at += part.byteLength
    }
    return whole
  }

  #tag(field: number, wire: number): this {
    return this.#varint(field * 8 + wire)
  }

  /** Seven bits a byte, the lowest first; 64 bits, two's complement. */
  #varint(value: number): this {
    const bytes: number[] = []
    let rest = BigInt.asUintN(64, BigInt(value))
    while (rest > 127n) {
      bytes.push(Number(rest & 127n) | 128)
      rest >>= 7n
    }
    bytes.push(Number(rest))
    this.#parts.push(Uint8Array.from(bytes))
    return this
  }
}
