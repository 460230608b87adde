import { deflateSync, gzipSync } from 'node:zlib'
import { mutate } from './mutate.mjs'

const bytesOf = { FP16: 2, BF16: 2, FP32: 4, FP64: 8, INT32: 4, INT64: 8 }
const junkLengths = ['0', '1', '-1', '', 'x', '1e2', '0x10', '9'.repeat(15), '9'.repeat(30), '4294967296']
const junkParameters = [
  { binary_data_output: true },
  { sequence_id: 7, sequence_start: true, sequence_end: true },
  { sequence_id: 2 ** 64, sequence_start: true, sequence_end: false },
  { sequence_id: 'a', sequence_start: true, sequence_end: true },
  { sequence_id: 'gone', sequence_start: false, sequence_end: false },
  { sequence_id: '', priority: 1, timeout: 10_000_000 },
  { sequence_id: -1 },
  { sequence_id: 1.5, sequence_start: 1 },
  { timeout: -1, priority: -1 },
  { priority: 2 ** 53 },
  { stream_steps: 2 },
  { stream_steps: 0 },
  { layout: 'columns' },
  { __proto__: 1, constructor: [], headers: {} }
]
const names = ['x', 'a0', 'c0', 'lengths', 'y', 'z', '', '__proto__', 'x'.repeat(3000)]
const outputNames = [
  'y',
  'a',
  'c',
  'a_last',
  'c_last',
  'y_last',
  'ft',
  'it',
  'cct',
  'ot',
  'layers.0.forward.a',
  'h',
  ''
]
const junkShapes = [[], [0], [-1, -1, -1], [2 ** 31, 2 ** 31, 8], [4, 1.5, 1], [null], [[4]], 'x', [1e300], [4, 0, 3]]
const order = { features_first: [0, 1, 2], batch_first: [1, 2, 0], time_first: [2, 1, 0] }

/**
 * A request of the Open Inference Protocol to the sets p and q: JSON with raw tensors behind it, or all of it JSON.
 * Half of them have no fault; the others have one in what they say of their tensors, in bytes, in the length of the
 * JSON or in how they are compressed.
 * @returns body and headers
 */
export function inferMessage(random) {
  const faulty = random.chance(0.5)
  const fault = (probability) => faulty && random.chance(probability)
  const tails = []
  const message = { inputs: inputsOf(random, fault, tails) }
  if (message.inputs.layout !== undefined) {
    message.parameters = { layout: message.inputs.layout }
    delete message.inputs.layout
  }
  if (random.chance(0.5)) message.parameters = { ...message.parameters, binary_data_output: random.chance(0.5) }
  if (fault(0.2)) message.parameters = { ...message.parameters, ...random.of(junkParameters) }
  if (random.chance(0.3)) message.id = random.of(['', '1', 'é"\\', 'x'.repeat(500)])
  if (random.chance(0.5)) message.outputs = outputsOf(random, fault)
  if (fault(0.05)) message[random.of(Object.keys(message))] = random.of([null, [], {}, 'x', 1])
  return framed(Buffer.from(JSON.stringify(message)), Buffer.concat(tails), random, fault)
}

function inputsOf(random, fault, tails) {
  const [m, T_x] = [random.of([1, 2, 3, 9]), random.of([1, 2, 3, 8, 17])]
  const layout = random.of([undefined, undefined, ...Object.keys(order)])
  const axes = order[layout ?? 'features_first']
  const turned = (shape) => (shape.length === 3 ? axes.map((axis) => shape[axis]) : axes[0] === 0 ? shape : [m, 8])
  const wanted = [['x', turned([4, m, T_x])]]
  for (const name of ['a0', 'c0']) if (random.chance(0.3)) wanted.push([name, turned([8, m])])
  if (random.chance(0.3)) wanted.push(['lengths', [m]])
  if (fault(0.1)) wanted.splice(random.below(wanted.length), 1)
  if (fault(0.1)) wanted.push(random.of(wanted) ?? ['x', [4, m, T_x]])
  wanted.sort(() => random.next() - 0.5)
  const inputs = wanted.map(([name, shape]) => tensor(name, shape, T_x, random, fault, tails))
  if (layout !== undefined) inputs.layout = layout
  return inputs
}

function tensor(name, shape, T_x, random, fault, tails) {
  const integers = name === 'lengths'
  const datatype = fault(0.05)
    ? random.of(['FP8', 'BYTES', 'BOOL', 'INT8', ''])
    : integers
      ? random.of(['INT32', 'INT64'])
      : random.of(['FP32', 'FP32', 'FP64', 'FP16', 'BF16'])
  const count = shape.reduce((product, length) => product * length, 1) + (fault(0.05) ? random.of([-1, 1, 1000]) : 0)
  const said = { name: fault(0.05) ? random.of(names) : name, shape, datatype }
  if (fault(0.05)) said.shape = random.of(junkShapes)
  const value = () => (integers ? 1 + random.below(T_x) : random.next() * 2 - 1)
  if (random.chance(0.5) && (bytesOf[datatype] !== 2 || fault(0.3))) {
    said.data = Array.from({ length: Math.max(0, count) }, value)
    if (fault(0.05)) said.data = random.of([null, [], {}, [[1]], ['1'], [null], 'AAAA', [1e39], 1])
    return said
  }
  const bytes = Buffer.alloc(Math.max(0, count) * (bytesOf[datatype] ?? 4))
  // any bits are a half float; a few of them are not finite, which is refused
  if (integers || datatype === 'FP32' || datatype === 'FP64') write(bytes, datatype, value)
  else for (let i = 0; i < bytes.length; i++) bytes[i] = random.below(i % 2 === 1 ? 64 : 256)
  if (fault(0.1) && bytes.length > 0) bytes[random.below(bytes.length)] = random.of([0xff, 0x7f, 0x80])
  tails.push(bytes)
  said.parameters = { binary_data_size: bytes.length }
  if (fault(0.1))
    said.parameters = random.of([{ binary_data_size: bytes.length + 4 }, { binary_data_size: -4 }, {}, null])
  if (fault(0.02)) said.parameters = { shared_memory_region: 'r', shared_memory_byte_size: 64 }
  return said
}

function write(bytes, datatype, value) {
  const size = bytesOf[datatype]
  for (let at = 0; at + size <= bytes.length; at += size) {
    if (datatype === 'FP32') bytes.writeFloatLE(value(), at)
    else if (datatype === 'FP64') bytes.writeDoubleLE(value(), at)
    else if (datatype === 'INT32') bytes.writeInt32LE(value(), at)
    else bytes.writeBigInt64LE(BigInt(value()), at)
  }
}

function outputsOf(random, fault) {
  const chosen = [...new Set(Array.from({ length: random.below(4) }, () => random.of(outputNames.slice(0, 11))))]
  if (fault(0.1)) chosen.push(random.of(outputNames))
  return chosen.map((name) => ({
    name,
    ...(random.chance(0.5) && { parameters: { binary_data: random.chance(0.5) } }),
    ...(fault(0.05) && {
      parameters: random.of([{ classification: 2 }, { datatype: 'FP16' }, { shared_memory_region: 'r' }, null, []])
    })
  }))
}

function framed(json, tail, random, fault) {
  const parts = fault(0.1) ? [mutate(json, random, [json, tail]), tail] : [json, tail]
  let body = Buffer.concat(parts)
  let length = tail.length > 0 || random.chance(0.2) ? String(parts[0].length) : undefined
  if (fault(0.15)) body = mutate(body, random, [body])
  if (fault(0.1)) length = random.of([undefined, String(json.length + random.of([-1, 1, 4])), ...junkLengths])
  const headers = length === undefined ? {} : { 'inference-header-content-length': length }
  if (random.chance(0.1)) {
    const encoding = random.of(['gzip', 'deflate'])
    body = (encoding === 'gzip' ? gzipSync : deflateSync)(body)
    headers['content-encoding'] = fault(0.2) ? random.of(['br', 'gzip', 'deflate', 'gzip, gzip', '']) : encoding
    if (fault(0.2)) body = mutate(body, random, [body])
  }
  if (random.chance(0.1)) headers['accept-encoding'] = random.of(['gzip', 'deflate', 'gzip, deflate', 'br', '*', ';q'])
  return { body, headers }
}
