import type { Answer } from './service.ts'

/** Requests and answers of the Open Inference Protocol, as its clients write and read them. */

interface Input {
  readonly name: string
  readonly shape: readonly number[]
  readonly datatype: string
  readonly data?: unknown
  /** Goes behind the JSON. */
  readonly bytes?: Uint8Array
}

export interface Message {
  readonly inputs: readonly Input[]
  readonly [member: string]: unknown
}

/** The body, and the header that says where its JSON ends if anything is behind it. */
export function inferBody({ inputs, ...members }: Message): { body: Uint8Array; headers: Record<string, string> } {
  const json = Buffer.from(
    JSON.stringify({
      ...members,
      inputs: inputs.map(({ bytes, ...input }) =>
        bytes === undefined ? input : { ...input, parameters: { binary_data_size: bytes.length } }
      )
    })
  )
  const tail = inputs.flatMap(({ bytes }) => (bytes === undefined ? [] : [bytes]))
  if (tail.length === 0) return { body: json, headers: { 'content-type': 'application/json' } }
  return {
    body: Buffer.concat([json, ...tail]),
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(json.length)
    }
  }
}

export interface InferOutput {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
  readonly data?: number[]
  /** Of an output behind the JSON. */
  readonly bytes?: Buffer
}

/** The JSON of an answer, and its outputs by name. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers that the API document has checked
export function readInfer({ headers, bytes }: Answer): { json: any; outputs: Record<string, InferOutput> } {
  const length = headers['inference-header-content-length']
  let at = length === undefined ? bytes.length : Number(length)
  const json = JSON.parse(bytes.toString('utf8', 0, at))
  const outputs: Record<string, InferOutput> = {}
  for (const output of json.outputs) {
    const size: number | undefined = output.parameters?.binary_data_size
    outputs[output.name] = size === undefined ? output : { ...output, bytes: bytes.subarray(at, at + size) }
    at += size ?? 0
  }
  if (at !== bytes.length) throw new Error(`${bytes.length - at} bytes are left of an answer`)
  return { json, outputs }
}

export const float32Bytes = (values: Iterable<number>): Uint8Array => new Uint8Array(Float32Array.from(values).buffer)

export const int32Bytes = (values: Iterable<number>): Uint8Array => new Uint8Array(Int32Array.from(values).buffer)

/** An input of FP32 behind the JSON, from nested arrays of the tensor tools. */
export function binaryInput(name: string, shape: readonly number[], values: Iterable<number>): Input {
  return { name, shape, datatype: 'FP32', bytes: float32Bytes(values) }
}
