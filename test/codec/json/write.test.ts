import fc from 'fast-check'
import t from 'tap'
import { readJson } from '../../../src/codec/json/read.ts'
import { JsonWriter } from '../../../src/codec/json/write.ts'
import { type StridedTensor, Tensor } from '../../../src/codec/tensor.ts'
import { refuses } from './agreement.ts'

const textOf = (writer: JsonWriter): string => Buffer.from(writer.finish()).toString()

/** Strides of a tensor that lies in order. */
const rowMajor = (shape: readonly number[]): number[] =>
  shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1))

const dense = (shape: readonly number[], data: Float32Array): StridedTensor => ({
  shape,
  strides: rowMajor(shape),
  data,
  offset: 0
})

/** The nested arrays that a strided tensor stands for, element by element. */
function nest({ shape, strides, data, offset }: StridedTensor, axis = 0, at = offset): unknown {
  if (axis === shape.length) return data[at]
  return Array.from({ length: shape[axis] }, (_, i) =>
    nest({ shape, strides, data, offset }, axis + 1, at + i * strides[axis])
  )
}

/** Eighths print the same as float32 and as double. */
const eighths = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => ((i * 37) % 1001) / 8 - 60)

t.test('a document piece by piece', async (t) => {
  const writer = new JsonWriter(1)
  const tensor = dense([2, 2], Float32Array.of(0.1, -0, 1e-7, 3))
  writer.raw('{"name":').value('é "€" 😀 \ud800 \u2028').raw(',"a":').nested(tensor)
  writer
    .raw(',"c":')
    .base64(tensor)
    .raw(',"v":')
    .value({ b: [1, null] })
    .raw('}')
  t.equal(
    textOf(writer),
    `{"name":"é \\"€\\" 😀 \\ud800 \u2028","a":[[0.1,-0],[1e-7,3]],"c":{"shape":[2,2],"data":"zczMPQAAAICVv9YzAABAQA=="},"v":{"b":[1,null]}}`
  )
  t.throws(() => new JsonWriter().value(undefined), TypeError)
})

t.test('finish gives bytes that own their whole buffer', async (t) => {
  for (const initial of [0, 1, 2, 3, 100, undefined]) {
    const bytes = new JsonWriter(initial).raw('{}').finish()
    t.equal(Buffer.from(bytes).toString(), '{}')
    t.equal(bytes.byteOffset, 0)
    t.equal(bytes.buffer.byteLength, 2)
  }
  t.equal(new JsonWriter().finish().length, 0)
})

t.test('documents written at the same time or one after the other share nothing', async (t) => {
  const first = new JsonWriter().raw('[1')
  const second = new JsonWriter().raw('[2')
  first.raw(',11]')
  second.raw(',22]')
  const ended = first.finish()
  const third = new JsonWriter().raw('[3,33]')
  t.equal(Buffer.from(ended).toString(), '[1,11]')
  t.equal(textOf(second), '[2,22]')
  t.equal(textOf(third), '[3,33]')
  t.equal(textOf(first.raw('x')), 'x', 'a writer that has ended holds nothing of the others')
  t.equal(Buffer.from(ended).toString(), '[1,11]')
})

t.test('a lent document stays as it is until it is given back, and is then written over', async (t) => {
  const lent = new JsonWriter().raw('[1]').lend()
  const other = new JsonWriter().raw('[2]').lend()
  t.not(lent.bytes.buffer, other.bytes.buffer)
  t.equal(textOf(new JsonWriter().raw('[3]')), '[3]')
  t.equal(Buffer.from(lent.bytes).toString(), '[1]')
  t.equal(Buffer.from(other.bytes).toString(), '[2]')
  lent.release()
  lent.release() // once more does nothing
  const writers = [new JsonWriter().raw('[4]').lend(), new JsonWriter().raw('[5]').lend()]
  t.equal(writers[0].bytes.buffer, lent.bytes.buffer)
  t.not(writers[1].bytes.buffer, lent.bytes.buffer)
  t.equal(Buffer.from(lent.bytes).toString(), '[4]')
})

const lengths = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33]

t.test('nested is what JSON.stringify makes of the arrays, at every size', async (t) => {
  for (const rows of lengths) {
    for (const columns of lengths) {
      const tensor = dense([rows, columns], eighths(rows * columns))
      const text = textOf(new JsonWriter(16).nested(tensor))
      if (text !== JSON.stringify(nest(tensor))) t.fail(`(${rows}, ${columns}): ${text}`)
    }
  }
  for (const shape of [[], [1], [0], [1, 1, 1], [2, 3, 4, 5], [2, 0, 3], [3, 1, 2], [1023], [1024], [1025], [2049]]) {
    const tensor = dense(shape, eighths(shape.reduce((a, b) => a * b, 1)))
    t.equal(textOf(new JsonWriter(16).nested(tensor)), JSON.stringify(nest(tensor)), `(${shape})`)
  }
})

t.test('the longest numbers find room', async (t) => {
  for (let length = 1; length < 40; length++) {
    // This one takes the memory that earlier documents left, which would have room enough.
    for (let i = 0; i < 100; i++) new JsonWriter(0)
    const longest = dense([length], new Float32Array(length).fill(-1.2345679e20))
    t.equal(textOf(new JsonWriter(1).nested(longest)), `[${new Array(length).fill('-123456790000000000000')}]`)
  }
  const data = new Float32Array(3000).fill(-1.2345679e20)
  t.equal(textOf(new JsonWriter(0).nested(dense([3000], data))), `[${new Array(3000).fill('-123456790000000000000')}]`)
})

/** A window on memory with more around it, its axes in any order of memory, some of them going backwards. */
const windows = fc
  .record({
    shape: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 0, maxLength: 4 }),
    order: fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
    spread: fc.integer({ min: 1, max: 3 }),
    backwards: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
    before: fc.nat(9)
  })
  .map(({ shape, order, spread, backwards, before }): StridedTensor => {
    const strides = shape.map(() => 0)
    const axes = shape.map((_, axis) => axis).sort((a, b) => order[a] - order[b])
    let stride = spread
    for (const axis of axes) {
      strides[axis] = stride
      stride *= Math.max(1, shape[axis])
    }
    let offset = before
    for (const axis of axes) {
      if (!backwards[axis]) continue
      offset += strides[axis] * Math.max(0, shape[axis] - 1)
      strides[axis] *= -1
    }
    return { shape, strides, offset, data: eighths(before + stride + 5).subarray(0, before + stride + 4) }
  })

t.test('strided windows, nested and in base64', async () => {
  fc.assert(
    fc.property(windows, (tensor) => {
      const arrays = JSON.stringify(nest(tensor))
      const nested = textOf(new JsonWriter(16).nested(tensor))
      if (nested !== arrays) throw new Error(`${nested} is not ${arrays}`)
      const bytes = new JsonWriter(16).raw('{"x":').base64(tensor).raw('}').finish()
      const { x } = readJson(bytes, { x: 'tensor' }) as { x: unknown }
      if (!(x instanceof Tensor)) throw new Error('no tensor came back')
      const again = JSON.stringify(nest(dense(x.shape, x.data)))
      if (again !== arrays) throw new Error(`${again} is not ${arrays}`)
    }),
    { numRuns: 500 }
  )
})

t.test('any float32 comes back from either form with the same bits', async () => {
  const values = fc.float32Array({ noNaN: true, noDefaultInfinity: true, minLength: 1, maxLength: 60 })
  fc.assert(
    fc.property(values, (data) => {
      const tensor = dense([data.length], data)
      const bytes = new JsonWriter().raw('{"n":').nested(tensor).raw(',"b":').base64(tensor).raw('}').finish()
      const { n, b } = readJson(bytes, { n: 'tensor', b: 'tensor' }) as { n: Tensor; b: Tensor }
      for (const back of [n.data, b.data]) {
        if (!data.every((value, i) => Object.is(value, back[i]))) throw new Error(String(data))
      }
    }),
    { numRuns: 300 }
  )
})

t.test('tensors in shared memory, at an offset', async (t) => {
  const shared = new Float32Array(new SharedArrayBuffer(64), 8, 6)
  shared.set([1, 2, 3, 4, 5, 6])
  const tensor = { shape: [2, 2], strides: [2, 1], data: shared, offset: 2 }
  t.equal(textOf(new JsonWriter().nested(tensor)), '[[3,4],[5,6]]')
  t.equal(textOf(new JsonWriter().base64(tensor)), '{"shape":[2,2],"data":"AABAQAAAgEAAAKBAAADAQA=="}')
})

t.test('values that are not finite are refused with their index', async (t) => {
  for (const [bad, shown] of [
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [Number.NEGATIVE_INFINITY, '-Infinity']
  ] as const) {
    const data = eighths(24)
    data[10] = bad
    data[11] = Number.NaN
    const message = (index: string) => `value ${index} is ${shown}; every value must be a finite float32`
    const transposed = { shape: [4, 3, 2], strides: [1, 4, 12], data, offset: 0 }
    for (const form of ['nested', 'base64'] as const) {
      const code = 'LSTM_ERR_NON_FINITE'
      refuses(t, () => new JsonWriter()[form](dense([2, 3, 4], data)), { code, message: message('[0][2][2]') }, form)
      refuses(
        t,
        () => new JsonWriter()[form](transposed),
        { code, message: message('[2][2][0]') },
        `${form}, transposed`
      )
    }
  }
  const elsewhere = Float32Array.of(Number.NaN, 1, Number.NaN, 2)
  t.equal(textOf(new JsonWriter().nested({ shape: [2], strides: [2], data: elsewhere, offset: 1 })), '[1,2]')
})

t.test('a document is filled up with spaces, and has room behind it', async (t) => {
  for (const [multiple, length] of [
    [1, 7],
    [4, 8],
    [8, 8],
    [7, 7]
  ] as const) {
    const { bytes, length: written } = new JsonWriter().raw('{"a":1}').lendWith(multiple, 3)
    t.equal(written, length)
    t.equal(bytes.length, length + 3)
    t.equal(Buffer.from(bytes).toString('latin1', 0, length).trimEnd(), '{"a":1}')
  }
})

t.test(
  'what is behind a document may be longer than the memory of a writer, and is used again when released',
  async (t) => {
    const { bytes, length, release } = new JsonWriter().copy(Buffer.from('{"b":"ü"}')).lendWith(8, 100_000)
    t.equal(Buffer.from(bytes).toString('utf8', 0, length).trimEnd(), '{"b":"ü"}')
    t.equal(bytes.length, length + 100_000)
    release()
    release()
    const next = new JsonWriter(100_000).raw('{}').lendWith(8, 8)
    t.equal(next.bytes.buffer, bytes.buffer)
    t.not(new JsonWriter().raw('{}').lend().bytes.buffer, bytes.buffer, 'lent once')
  }
)
