// The second table: the tensor codec against what one writes with JSON.parse and JSON.stringify.
import { base64Length, decodeBase64, encodeBase64 } from '../dist/src/codec/base64.js'
import { readJson } from '../dist/src/codec/json/read.js'
import { JsonWriter } from '../dist/src/codec/json/write.js'
import { useNativeCodec } from '../dist/src/codec/native/codec.js'
import { loadAddon } from '../dist/src/kernels/native/binary.js'
import { alternate } from './rounds.mjs'
import { randomValues } from './sets.mjs'
import { median, pairwiseRatio } from './statistics.mjs'
import { figure, ratio, table } from './table.mjs'

const shapes = [
  [1, 4, 16],
  [1, 100, 64],
  [10, 1000, 64]
]
const digitCounts = [6, 9, 17]

/** So many values that no cache or branch predictor knows them by heart: small tensors take turns. */
const TURNING_VALUES = 64_000

/** The tables of the portable codec and, where this machine has it, of the native one. */
export async function codec({ short }) {
  const effort = { rounds: short ? 5 : 15, sliceMicroseconds: short ? 5e3 : 2e4 }
  const portable = await tables(effort)
  const native = nativeCodec()
  if (native === undefined) return `In WebAssembly, as on every machine:\n\n${portable}`
  useNativeCodec(native)
  const tablesOfNative = await tables(effort)
  useNativeCodec(undefined)
  return `Native, where the processor has AVX-512 with operations on bytes:\n\n${tablesOfNative}\n\nIn WebAssembly, everywhere else:\n\n${portable}`
}

function nativeCodec() {
  try {
    return loadAddon().codec
  } catch {
    return undefined
  }
}

async function tables(effort) {
  const rows = []
  for (const shape of shapes) {
    const count = shape[0] * shape[1] * shape[2]
    for (const digits of digitCounts) {
      const tensors = Array.from({ length: Math.max(1, Math.round(TURNING_VALUES / count)) }, (_, i) => {
        const doubles = Array.from(randomValues(count, 1, i + 1), (value, j) => written(value + j * 1e-12, digits))
        return {
          text: Buffer.from(`{"x":${JSON.stringify(nest(doubles, shape))}}`),
          values: Float32Array.from(doubles)
        }
      })
      const reading = await alternate(turns(tensors, [theirReading, ourReading]), effort)
      const writing = await alternate(
        turns(tensors, [({ values }) => theirWriting(values, shape), ({ values }) => ourWriting(values, shape)]),
        effort
      )
      agree(tensors[0], shape)
      rows.push([
        figure(count),
        String(digits),
        ...[reading, writing].flatMap(([theirs, ours]) => [
          figure((median(theirs) / count) * 1000),
          figure((median(ours) / count) * 1000),
          ratio(pairwiseRatio(theirs, ours))
        ])
      ])
    }
  }
  const json = table(
    [
      'numbers',
      'digits',
      'JSON.parse, ns a number',
      'ours, ns',
      'ratio',
      'JSON.stringify, ns a number',
      'ours, ns',
      'ratio'
    ],
    rows
  )
  return `${json}\n\n${await base64(effort)}`
}

/** The double nearest to `value` that prints in so many significant digits at most. */
const written = (value, digits) => Number(value.toPrecision(digits))

function nest(values, [a, b, c]) {
  return Array.from({ length: a }, (_, i) =>
    Array.from({ length: b }, (_, j) => values.slice((i * b + j) * c, (i * b + j + 1) * c))
  )
}

/** Each contestant works through the tensors, one a call. */
function turns(tensors, contestants) {
  return contestants.map((work) => {
    let next = 0
    return () => work(tensors[next++ % tensors.length])
  })
}

const theirReading = ({ text }) => Float32Array.from(JSON.parse(text.toString()).x.flat(2))
const ourReading = ({ text }) => readJson(text, { x: 'tensor' }).x.data

function theirWriting(values, [a, b, c]) {
  const nested = []
  for (let i = 0; i < a; i++) {
    const rows = []
    for (let j = 0; j < b; j++) rows.push(Array.from(values.subarray((i * b + j) * c, (i * b + j + 1) * c)))
    nested.push(rows)
  }
  return Buffer.from(JSON.stringify(nested))
}

const ourWriting = (values, shape) =>
  new JsonWriter().nested({ shape, strides: [shape[1] * shape[2], shape[2], 1], data: values, offset: 0 }).finish()

/** Throws unless both ways give the same numbers. */
function agree(tensor, shape) {
  const read = ourReading(tensor)
  const written = Float32Array.from(JSON.parse(Buffer.from(ourWriting(tensor.values, shape)).toString()).flat(2))
  for (const values of [read, written]) {
    if (Buffer.compare(Buffer.from(values.buffer), Buffer.from(tensor.values.buffer)) !== 0) {
      throw new Error('the codec and JSON disagree')
    }
  }
}

/** Base64 beside a plain copy of the same bytes, which is as fast as memory. */
async function base64(effort) {
  const rows = []
  for (const shape of shapes) {
    const count = shape[0] * shape[1] * shape[2]
    const values = randomValues(count, 1, 7)
    const text = Buffer.alloc(base64Length(values.byteLength))
    encodeBase64(values, text, 0)
    const [copy, reading, writing] = await alternate(
      [() => values.slice(), () => decodeBase64(text, 0, text.length, count), () => encodeBase64(values, text, 0)],
      effort
    )
    const perSecond = (times) => figure((4 * count) / 1000 / median(times))
    rows.push([figure(count), perSecond(copy), perSecond(reading), perSecond(writing)])
  }
  return table(['numbers', 'copy, GB/s', 'base64 read, GB/s', 'base64 written, GB/s'], rows)
}
