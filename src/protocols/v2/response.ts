import { encodeFloats, floatBytes } from '../../codec/binary.ts'
import { firstNonFinite } from '../../codec/finite.ts'
import { JsonWriter } from '../../codec/json/write.ts'
import { contiguous, countOf, indexOf } from '../../codec/strided.ts'
import type { StridedTensor } from '../../codec/tensor.ts'
import { LstmError } from '../../errors.ts'
import type { WantedOutput } from './wanted.ts'

/** Tensors behind the JSON begin at multiples of this, so that they can be written where they go. */
const ALIGNMENT = 8

export interface ResponseHead {
  readonly model_name: string
  readonly model_version: string
  readonly id?: string
}

export interface Output {
  readonly wanted: WantedOutput
  readonly tensor: StridedTensor
}

/** The bytes of an answer: JSON, tensors, and room for states behind them. */
export interface Response {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly jsonBytes: number
}

/**
 * Writes an answer: the JSON with the outputs that are wanted in it, then the others as raw bytes. The JSON is filled up
 * with spaces, which belong to its length.
 * @param stateBytes bytes to leave at the end
 * @throws LSTM_ERR_NON_FINITE, also for what is too large for the type that is wanted
 */
export function writeResponse(head: ResponseHead, outputs: readonly Output[], stateBytes: number): Response {
  const writer = new JsonWriter()
  const { model_name, model_version, id } = head
  writer.raw('{"model_name":').value(model_name).raw(',"model_version":').value(model_version)
  if (id !== undefined) writer.raw(',"id":').value(id)
  writer.raw(',"outputs":[')
  let tailBytes = 0
  for (const [i, { wanted, tensor }] of outputs.entries()) {
    const { name, datatype, binary } = wanted
    writer.raw(`${i === 0 ? '' : ','}{"name":"${name}","datatype":"${datatype}","shape":[${tensor.shape.join(',')}],`)
    if (binary) {
      const size = countOf(tensor.shape) * floatBytes[datatype]
      tailBytes += size
      writer.raw(`"parameters":{"binary_data_size":${size}}}`)
    } else {
      writer.raw('"data":')
      writeFlat(writer, wanted, tensor)
      writer.raw('}')
    }
  }
  writer.raw(']}')
  if (tailBytes + stateBytes === 0) {
    const bytes = writer.finish()
    return { bytes, jsonBytes: bytes.length }
  }
  const { bytes, length: jsonBytes } = writer.finishWith(tailBytes > 0 ? ALIGNMENT : 1, tailBytes + stateBytes)
  let at = jsonBytes
  for (const { wanted, tensor } of outputs) {
    if (!wanted.binary) continue
    const end = at + countOf(tensor.shape) * floatBytes[wanted.datatype]
    const wrong = encodeFloats(tensor, wanted.datatype, bytes.subarray(at, end))
    if (wrong >= 0) throw nonFinite(wanted, tensor, wrong)
    at = end
  }
  return { bytes, jsonBytes }
}

/** The values one behind the other, as the protocol's other servers give them. */
function writeFlat(writer: JsonWriter, wanted: WantedOutput, tensor: StridedTensor): void {
  const data = contiguous(tensor)
  const wrong = firstNonFinite(data)
  if (wrong >= 0) throw nonFinite(wanted, tensor, wrong)
  writer.nested({ shape: [data.length], strides: [1], data, offset: 0 })
}

function nonFinite({ name, datatype }: WantedOutput, tensor: StridedTensor, flat: number): LstmError {
  const index = indexOf(flat, tensor.shape).map((i) => `[${i}]`)
  const value = contiguous(tensor)[flat]
  const what = Number.isFinite(value) ? `${value}, too large for ${datatype}` : String(value)
  return new LstmError('LSTM_ERR_NON_FINITE', [`output ${name}${index.join('')}`, what])
}
