import { encodeFloats } from '../../codec/binary.ts'
import { JsonWriter } from '../../codec/json/write.ts'
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

/** Memory for an answer, with its JSON in it. */
interface Blank {
  readonly form: AnswerForm
  readonly bytes: Buffer<ArrayBuffer>
  /** Where each output goes, behind the JSON. */
  readonly tensors: readonly Uint8Array[]
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
  write(id: string | undefined, outputs: readonly Output[]): Response {
    if (id !== undefined) {
      const json = new JsonWriter().copy(this.#beforeId).raw(',"id":').value(id).copy(this.#behindId)
      return writeTensors(json, outputs, 0)
    }
    const blank = this.#take() ?? this.#make(outputs)
    for (let i = 0; i < outputs.length; i++) {
      const { wanted, tensor } = outputs[i]
      const wrong = encodeFloats(tensor, wanted.datatype, blank.tensors[i])
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
    const tensors = ends.map((end, i) => bytes.subarray(i === 0 ? this.#json.length : ends[i - 1], end))
    return { form: this, bytes, tensors }
  }
}

function give(blank: Blank): void {
  blanks.push(blank)
  blankBytes += blank.bytes.length
  while (blanks.length > MOST_BLANKS || blankBytes > MOST_BLANK_BYTES) blankBytes -= blanks.shift()!.bytes.length
}
