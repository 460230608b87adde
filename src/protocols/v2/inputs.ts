import {
  decodeFloats,
  decodeIntegers,
  type FloatDatatype,
  floatBytes,
  type IntegerDatatype,
  integerBytes
} from '../../codec/binary.ts'
import { firstNonFinite } from '../../codec/finite.ts'
import { countOf, indexOf } from '../../codec/strided.ts'
import { Tensor } from '../../codec/tensor.ts'
import { LstmError } from '../../errors.ts'
import type { Kernel } from '../../kernels/kernel.ts'
import type { Envelope, InferRequest } from './envelope.ts'
import { badInput, refuseSharedMemory } from './fault.ts'

type Input = InferRequest['inputs'][number]
type Finite = Pick<Kernel, 'allFinite'>

/** The tensors of a request, each where it was found. */
export interface Inputs {
  readonly x: Located<Tensor>
  readonly a0?: Located<Tensor>
  readonly c0?: Located<Tensor>
  readonly lengths?: Located<readonly number[]>
}

interface Located<T> {
  readonly value: T
  /** JSON pointer of the input. */
  readonly path: string
}

const floatNames = ['x', 'a0', 'c0'] as const
const isFloats = (name: string): name is (typeof floatNames)[number] => (floatNames as readonly string[]).includes(name)

/**
 * The inputs of a request by name: those with data in the JSON, and those whose bytes follow it.
 * @throws LSTM_ERR_BAD_TENSOR, LSTM_ERR_NON_FINITE, LSTM_ERR_BAD_LENGTHS, LSTM_ERR_INVALID_BODY, each naming the tensor
 */
export function readInputs({ request, tail }: Envelope, kernel: Finite): Inputs {
  const found: { -readonly [Name in keyof Inputs]?: Inputs[Name] } = {}
  const binary = new BinaryPart(tail)
  for (let i = 0; i < request.inputs.length; i++) {
    const input = request.inputs[i]
    const { name } = input
    const path = `/inputs/${i}`
    if (!isFloats(name) && name !== 'lengths') {
      throw badInput(name, path, 'unexpected input; expected x, and a0, c0 and lengths where they are wanted')
    }
    if (found[name] !== undefined) throw badInput(name, path, 'is there twice; expected each input once')
    checkShape(input, path)
    if (isFloats(name)) found[name] = { value: floats(input, path, binary, kernel), path }
    else found.lengths = { value: integers(input, path, binary), path }
  }
  binary.end()
  const { x, ...others } = found
  if (x === undefined) throw badInput('x', '/inputs', 'is missing; expected an input of this name')
  return { x, ...others }
}

/** The inputs of a request that are all raw bytes behind its JSON, and where. */
export interface RawInputs {
  readonly places: readonly {
    readonly input: Input
    readonly path: string
    readonly from: number
    readonly to: number
  }[]
  /** Of all together. */
  readonly bytes: number
}

/** @param request one that `readInputs` has read, with no data in its JSON */
export function rawInputs({ inputs }: InferRequest): RawInputs {
  let bytes = 0
  const places = inputs.map((input, i) => {
    const from = bytes
    bytes += input.parameters!.binary_data_size!
    return { input, path: `/inputs/${i}`, from, to: bytes }
  })
  return { places, bytes }
}

/**
 * What `readInputs` gives for a request with the same JSON.
 * @param tail just as many bytes as they have together
 * @throws LSTM_ERR_NON_FINITE
 */
export function readRawInputs({ places }: RawInputs, tail: Uint8Array, kernel: Finite): Inputs {
  const found: { -readonly [Name in keyof Inputs]?: Inputs[Name] } = {}
  for (const { input, path, from, to } of places) {
    const bytes = places.length === 1 ? tail : tail.subarray(from, to)
    const name = input.name as keyof Inputs
    if (isFloats(name)) found[name] = { value: rawFloats(bytes, input, path, kernel), path }
    else found.lengths = { value: decodeIntegers(bytes, input.datatype as IntegerDatatype), path }
  }
  return found as Inputs
}

/** The bytes behind the JSON, which the inputs take one after the other. */
class BinaryPart {
  readonly #bytes: Uint8Array
  #taken = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** @param expected bytes that the tensor has by its shape and datatype */
  take({ name, shape, datatype, parameters }: Input, path: string, expected: number): Uint8Array {
    const size = parameters!.binary_data_size!
    if (size !== expected) {
      const reason = `binary_data_size is ${size}; expected ${expected} bytes for shape (${shape.join(', ')}) of ${datatype}`
      throw badInput(name, `${path}/parameters/binary_data_size`, reason)
    }
    const from = this.#taken
    this.#taken += size
    if (this.#taken > this.#bytes.length) {
      const reason = `expected ${size} bytes from byte ${from} on behind the JSON, where ${this.#bytes.length} bytes are: Inference-Header-Content-Length has to be the length of the JSON`
      throw badInput(name, path, reason)
    }
    return this.#bytes.subarray(from, this.#taken)
  }

  end(): void {
    const { length } = this.#bytes
    if (this.#taken === length) return
    throw new LstmError('LSTM_ERR_INVALID_REQUEST', [
      `${length} bytes follow the JSON; expected ${this.#taken}, the sum of the inputs' binary_data_size`
    ])
  }
}

function checkShape({ name, shape }: Input, path: string): void {
  for (let axis = 0; axis < shape.length; axis++) {
    const length = shape[axis]
    if (length < 0 || !Number.isSafeInteger(length)) {
      throw badInput(name, `${path}/shape/${axis}`, `shape is (${shape.join(', ')}); expected whole lengths from 0`)
    }
  }
  // of the largest type
  if (!Number.isSafeInteger(8 * countOf(shape))) {
    throw badInput(name, `${path}/shape`, `shape is (${shape.join(', ')}), which has more values than can be`)
  }
}

function floats(input: Input, path: string, binary: BinaryPart, kernel: Finite): Tensor {
  const { name, datatype, shape } = input
  if (!Object.hasOwn(floatBytes, datatype)) throw wrongDatatype(input, path, Object.keys(floatBytes))
  const type = datatype as FloatDatatype
  const inJson = jsonData(input, path)
  if (inJson !== undefined) {
    if (floatBytes[type] === 2) {
      throw badInput(
        name,
        `${path}/datatype`,
        `${type} has no form in JSON; expected it as raw bytes behind the JSON, or FP32`
      )
    }
    return new Tensor(shape, inJson, 'nested')
  }
  return rawFloats(binary.take(input, path, countOf(shape) * floatBytes[type]), input, path, kernel)
}

/** @throws LSTM_ERR_NON_FINITE */
function rawFloats(bytes: Uint8Array, { name, datatype, shape }: Input, path: string, kernel: Finite): Tensor {
  const type = datatype as FloatDatatype
  const data = decodeFloats(bytes, type)
  const flat = kernel.allFinite?.(data) === true ? -1 : firstNonFinite(data)
  if (flat >= 0) {
    const [original] = type === 'FP64' ? new Float64Array(bytes.slice(8 * flat, 8 * flat + 8).buffer) : [data[flat]]
    const overflow = Number.isFinite(original) ? `${original}, which overflows float32` : String(original)
    const index = indexOf(flat, shape).map((i) => `[${i}]`)
    throw LstmError.at(path, 'LSTM_ERR_NON_FINITE', [`${name}${index.join('')}`, overflow])
  }
  return new Tensor(shape, data, 'nested')
}

function integers(input: Input, path: string, binary: BinaryPart): readonly number[] {
  const { name, datatype, shape } = input
  if (!Object.hasOwn(integerBytes, datatype)) throw wrongDatatype(input, path, Object.keys(integerBytes))
  if (shape.length !== 1) throw badInput(name, `${path}/shape`, `has shape (${shape.join(', ')}); expected (m,)`)
  const inJson = jsonData(input, path)
  if (inJson === undefined) {
    const type = datatype as IntegerDatatype
    return decodeIntegers(binary.take(input, path, countOf(shape) * integerBytes[type]), type)
  }
  // they have been read as float32, which holds every integer up to there
  const wrong = inJson.findIndex((value) => !Number.isInteger(value) || Math.abs(value) > 2 ** 24)
  if (wrong >= 0) {
    throw badInput(
      name,
      `${path}/data/${wrong}`,
      `value ${wrong} is ${inJson[wrong]}; expected a whole number, 1 to T_x`
    )
  }
  return Array.from(inJson)
}

function wrongDatatype({ name, datatype }: Input, path: string, expected: readonly string[]): LstmError {
  const reason = `datatype is ${JSON.stringify(datatype.slice(0, 40))}; expected ${expected.join(', ')}`
  return badInput(name, `${path}/datatype`, reason)
}

/** The values that stand in the JSON, undefined where they follow it. */
function jsonData({ name, shape, data, parameters }: Input, path: string): Float32Array | undefined {
  const binary = parameters?.binary_data_size !== undefined
  if (data === undefined) {
    if (binary) return undefined
    refuseSharedMemory(name, path, parameters)
    throw badInput(name, path, 'has no values; expected data, or parameters.binary_data_size and bytes behind the JSON')
  }
  if (binary) throw badInput(name, path, 'has both data and binary_data_size; expected one of them')
  if (data.encoding !== 'nested') throw badInput(name, `${path}/data`, 'expected an array of numbers, found an object')
  const flat = data.shape.length === 1
  const count = countOf(shape)
  const fits = flat
    ? data.data.length === count
    : shape.length === data.shape.length && shape.every((length, i) => length === data.shape[i])
  if (!fits) {
    const got = flat ? `${data.data.length} values` : `shape (${data.shape.join(', ')})`
    throw badInput(name, `${path}/data`, `data has ${got}; expected ${count} values of shape (${shape.join(', ')})`)
  }
  return data.data
}
