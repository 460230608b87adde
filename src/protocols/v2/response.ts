import { encodeFloats, floatBytes } from '../../codec/binary.ts'
import { firstNonFinite } from '../../codec/finite.ts'
import { JsonWriter } from '../../codec/json/write.ts'
import { contiguous, countOf, indexOf } from '../../codec/strided.ts'
import type { StridedTensor } from '../../codec/tensor.ts'
import { LstmError } from '../../errors.ts'
import type { ParameterSet } from '../../parameters/parameter-set.ts'
import type { InferCall } from './call.ts'
import type { WantedOutput } from './wanted.ts'

/** Tensors behind the JSON begin at multiples of this, so that they can be written where they go. */
export const ALIGNMENT = 8

export interface ResponseHead {
  readonly model_name: string
  readonly model_version: string
  readonly id?: string
}

export interface Output {
  readonly wanted: WantedOutput
  readonly tensor: StridedTensor
}

/** The bytes of an answer: JSON, tensors, and room for states behind them, which are to be written. */
export interface Response {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly jsonBytes: number
  /** Nobody reads the bytes any more. It need not be called. */
  readonly release: () => void
}

export function responseHead({ model }: InferCall, { version }: ParameterSet, id: string | undefined): ResponseHead {
  return { model_name: model, model_version: version, ...(id !== undefined && { id }) }
}

/**
 * Writes an answer: the JSON with the outputs that are wanted in it, then the others as raw bytes. The JSON is filled up
 * with spaces, which belong to its length.
 * @param stateBytes bytes to leave at the end
 * @throws LSTM_ERR_NON_FINITE, also for what is too large for the type that is wanted
 */
export function writeResponse(head: ResponseHead, outputs: readonly Output[], stateBytes: number): Response {
  const { id } = head
  const writer = writeNames(new JsonWriter(), head)
  if (id !== undefined) writer.raw(',"id":').value(id)
  return writeTensors(writeOutputs(writer, outputs), outputs, stateBytes)
}

/** Fills the JSON of an answer up, and puts the outputs behind it that are wanted there. */
export function writeTensors(writer: JsonWriter, outputs: readonly Output[], stateBytes: number): Response {
  const tailBytes = outputs.reduce((sum, output) => sum + (output.wanted.binary ? bytesOf(output) : 0), 0)
  const { bytes, length, release } = writer.lendWith(tailBytes > 0 ? ALIGNMENT : 1, tailBytes + stateBytes)
  let at = length
  for (const output of outputs) {
    const { wanted, tensor } = output
    if (!wanted.binary) continue
    const end = at + bytesOf(output)
    const wrong = encodeFloats(tensor, wanted.datatype, bytes.subarray(at, end))
    if (wrong >= 0) throw nonFinite(wanted, tensor, wrong)
    at = end
  }
  return { bytes, jsonBytes: length, release }
}

export const bytesOf = ({ wanted, tensor }: Output): number => countOf(tensor.shape) * floatBytes[wanted.datatype]

export function writeNames(writer: JsonWriter, { model_name, model_version }: ResponseHead): JsonWriter {
  return writer.raw('{"model_name":').value(model_name).raw(',"model_version":').value(model_version)
}

export function writeOutputs(writer: JsonWriter, outputs: readonly Output[]): JsonWriter {
  writer.raw(',"outputs":[')
  for (const [i, output] of outputs.entries()) {
    const { wanted, tensor } = output
    const { name, datatype, binary } = wanted
    writer.raw(`${i === 0 ? '' : ','}{"name":"${name}","datatype":"${datatype}","shape":[${tensor.shape.join(',')}],`)
    if (binary) writer.raw(`"parameters":{"binary_data_size":${bytesOf(output)}}}`)
    else {
      writer.raw('"data":')
      writeFlat(writer, wanted, tensor)
      writer.raw('}')
    }
  }
  return writer.raw(']}')
}

/** The values one behind the other, as the protocol's other servers give them. */
function writeFlat(writer: JsonWriter, wanted: WantedOutput, tensor: StridedTensor): void {
  const data = contiguous(tensor)
  const wrong = firstNonFinite(data)
  if (wrong >= 0) throw nonFinite(wanted, tensor, wrong)
  writer.nested({ shape: [data.length], strides: [1], data, offset: 0 })
}

export function nonFinite({ name, datatype }: WantedOutput, tensor: StridedTensor, flat: number): LstmError {
  const index = indexOf(flat, tensor.shape).map((i) => `[${i}]`)
  const value = contiguous(tensor)[flat]
  const what = Number.isFinite(value) ? `${value}, too large for ${datatype}` : String(value)
  return new LstmError('LSTM_ERR_NON_FINITE', [`output ${name}${index.join('')}`, what])
}
