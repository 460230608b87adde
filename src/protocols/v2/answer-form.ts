import { endianness } from 'node:os'
import { encodeFloats } from '../../codec/binary.ts'
import { JsonWriter } from '../../codec/json/write.ts'
import { isContiguous } from '../../codec/strided.ts'
import type { Kernel } from '../../kernels/kernel.ts'
import {
  ALIGNMENT,
  bytesOf,
  nonFinite,
  type Output,
  type Response,
  type ResponseHead,
  writeNames,
  writeOutputs,
  writeTensors
} from './response.ts'

const LITTLE_ENDIAN = endianness() === 'LE'

/** Memory for an answer, with its JSON in it. */
interface Blank {
  readonly form: AnswerForm
  readonly bytes: Buffer<ArrayBuffer>
  /** Where each output goes, behind the JSON; as floats too where it can be written so. */
  readonly tensors: readonly { readonly bytes: Uint8Array; readonly floats?: Float32Array }[]
}

/** Of answers that nobody reads any more, the last one at the end; together only so many bytes. */
const blanks: Blank[] = []
let blankBytes = 0
const MOST_BLANKS = 64
const MOST_BLANK_BYTES = 1 << 22

/**
 * Answers whose outputs all follow the JSON as raw bytes: but for an id, the JSON of all with such shapes is the same.
 * Where there is no id, it stays in the memory of an answer that was sent, and the next one is its tensors alone.
 */
export class AnswerForm {
  readonly #beforeId: Uint8Array
  readonly #behindId: Uint8Array
  /** Without an id, filled up with spaces. */
  readonly #json: Uint8Array

  private constructor(head: ResponseHead, outputs: readonly Output[]) {
    this.#beforeId = writeNames(new JsonWriter(), head).finish()
    this.#behindId = writeOutputs(new JsonWriter(), outputs).finish()
    const { bytes, length } = new JsonWriter().copy(this.#beforeId).copy(this.#behindId).lendWith(ALIGNMENT, 0)
    this.#json = bytes.slice(0, length)
  }

  /** @returns undefined where some output is wanted in the JSON */
  static of(head: ResponseHead, outputs: readonly Output[]): AnswerForm | undefined {
    return outputs.every(({ wanted }) => wanted.binary) ? new AnswerForm(head, outputs) : undefined
  }

  /**
   * @param outputs of the shapes and types that the form was made of
   * @throws LSTM_ERR_NON_FINITE
   */
  write(id: string | undefined, outputs: readonly Output[], kernel: Pick<Kernel, 'copyFinite'>): Response {
    if (id !== undefined) {
      const json = new JsonWriter().copy(this.#beforeId).raw(',"id":').value(id).copy(this.#behindId)
      return writeTensors(json, outputs, 0)
    }
    const blank = this.#take() ?? this.#make(outputs)
    for (let i = 0; i < outputs.length; i++) {
      const { wanted, tensor } = outputs[i]
      const { bytes, floats } = blank.tensors[i]
      if (floats !== undefined && kernel.copyFinite !== undefined && isContiguous(tensor)) {
        const { data, offset } = tensor
        if (kernel.copyFinite(data.subarray(offset, offset + floats.length), floats)) continue
      }
      const wrong = encodeFloats(tensor, wanted.datatype, bytes)
      if (wrong >= 0) throw nonFinite(wanted, tensor, wrong)
    }
    let lent = true
    const release = () => {
      if (lent) give(blank)
      lent = false
    }
    return { bytes: blank.bytes, jsonBytes: this.#json.length, release }
  }

  #take(): Blank | undefined {
    for (let i = blanks.length - 1; i >= 0; i--) {
      const blank = blanks[i]
      if (blank.form !== this) continue
      blanks.splice(i, 1)
      blankBytes -= blank.bytes.length
      return blank
    }
    return undefined
  }

  #make(outputs: readonly Output[]): Blank {
    let length = this.#json.length
    const ends = outputs.map((output) => {
      length += bytesOf(output)
      return length
    })
    const bytes = Buffer.from(new ArrayBuffer(length)) // of its own: it may be moved to another thread
    bytes.set(this.#json)
    const tensors = outputs.map(({ wanted }, i) => {
      const from = i === 0 ? this.#json.length : ends[i - 1]
      const inOrder = wanted.datatype === 'FP32' && from % 4 === 0 && LITTLE_ENDIAN
      return {
        bytes: bytes.subarray(from, ends[i]),
        ...(inOrder && { floats: new Float32Array(bytes.buffer, from, (ends[i] - from) / 4) })
      }
    })
    return { form: this, bytes, tensors }
  }
}

function give(blank: Blank): void {
  blanks.push(blank)
  blankBytes += blank.bytes.length
  while (blanks.length > MOST_BLANKS || blankBytes > MOST_BLANK_BYTES) blankBytes -= blanks.shift()!.bytes.length
}
