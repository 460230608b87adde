import type { Body } from '../../engine/body.ts'
import type { Answer } from '../../engine/messages.ts'
import type { InferCall } from '../../protocols/v2/call.ts'
import { writeCall } from '../../protocols/v2/call.ts'
import type { Stream } from '../../protocols/v2/stream.ts'

/** An opened stream: its x, and the requests of a sequence that compute it block by block. */
export class StreamBlocks {
  /** Of what it holds until it ends. */
  readonly bytes: number
  readonly #call: InferCall
  readonly #stream: Stream
  readonly #x: Uint8Array
  /** Those that it has come to. */
  #states: Uint8Array
  #step = 0

  /** @param answer what opened it; it is used no more after this */
  constructor(call: InferCall, { bytes, jsonBytes, stateBytes, free }: Answer) {
    // a slot is for a moment, a stream may take long
    const own = bytes.buffer instanceof SharedArrayBuffer ? bytes.slice() : bytes
    free()
    const end = own.length - stateBytes
    this.bytes = own.length
    this.#stream = JSON.parse(Buffer.from(own.buffer, own.byteOffset, jsonBytes).toString())
    this.#x = own.subarray(jsonBytes, end)
    this.#states = own.subarray(end)
    const { version, m } = this.#stream
    this.#call = { ...call, sequence: { from: { version, m } } }
  }

  /** The states that the next request goes on from: those behind the answer of the last one. */
  reached(states: Uint8Array): void {
    this.#states = states.slice()
  }

  /** The request of the next block, undefined behind the last one. */
  next(): Body | undefined {
    const { shape, timeAxis, steps, id, parameters, outputs } = this.#stream
    const T_x = shape[timeAxis]
    if (this.#step === T_x) return undefined
    const length = Math.min(steps, T_x - this.#step)
    const stepBytes = this.#x.length / T_x
    const x = this.#x.subarray(this.#step * stepBytes, (this.#step + length) * stepBytes)
    this.#step += length
    const input = {
      name: 'x',
      datatype: 'FP32',
      shape: shape.with(timeAxis, length),
      parameters: { binary_data_size: x.length }
    }
    const json = Buffer.from(JSON.stringify({ id, parameters, inputs: [input], outputs }))
    return [this.#write(json.length), json, x]
  }

  /** The request of the last event. */
  end(): Body {
    return [this.#write(0), Buffer.from(JSON.stringify(this.#stream.end))]
  }

  #write(jsonBytes: number): Uint8Array {
    return writeCall({ ...this.#call, jsonBytes }, this.#states)
  }
}
