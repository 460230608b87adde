import fc from 'fast-check'
import t from 'tap'
import { readJson } from '../../../src/codec/json/read.ts'
import { Tensor } from '../../../src/codec/tensor.ts'
import { bytesOf, refuses } from './agreement.ts'

const plan = { x: 'tensor' } as const
const read = (text: string): Tensor => {
  const { x } = readJson(bytesOf(`{"x":${text}}`), plan) as { x: unknown }
  if (!(x instanceof Tensor)) throw new Error(`${text} became no tensor`)
  return x
}

t.test('shapes', async (t) => {
  const cases: [string, number[], number[]][] = [
    ['[]', [0], []],
    ['[[],[]]', [2, 0], []],
    ['[[[]]]', [1, 1, 0], []],
    ['[ [ ] , [ ] ]', [2, 0], []],
    ['[1]', [1], [1]],
    ['[[1,2],[3,4]]', [2, 2], [1, 2, 3, 4]],
    ['\t[ [1 ,\n2 ] ,\r[ 3, 4]\n]', [2, 2], [1, 2, 3, 4]],
    ['[[[1],[2]],[[3],[4]],[[5],[6]]]', [3, 2, 1], [1, 2, 3, 4, 5, 6]],
    ['[-0,0,-1.5e3]', [3], [-0, 0, -1500]]
  ]
  for (const [text, shape, data] of cases) {
    const tensor = read(text)
    t.same(tensor.shape, shape, text)
    t.same([...tensor.data], data, text)
    t.equal(tensor.encoding, 'nested')
    t.equal(tensor.data.byteOffset, 0)
    t.equal(tensor.data.buffer.byteLength, 4 * data.length, 'a buffer of its own')
  }
  t.ok(Object.is(read('[-0]').data[0], -0))
})

t.test('faults name the first place where the arrays are no tensor', async (t) => {
  const cases: [string, string, string][] = [
    ['[[1,2,3],[4,5]]', '/x/1', 'has 2 values; the ones before it have 3'],
    ['[[1,2],[3],[null]]', '/x/1', 'has 1 value; the ones before it have 2'],
    ['[[1],[2,3,4,5]]', '/x/1', 'has 4 values; the ones before it have 1'],
    ['[[],[1]]', '/x/1', 'has 1 value; the ones before it have 0'],
    ['[[],[[]]]', '/x/1', 'has 1 value; the ones before it have 0'],
    ['[[[1],[2]],[[3],[]]]', '/x/1/1', 'has 0 values; the ones before it have 1'],
    ['[[[1]],[[2],[3]]]', '/x/1', 'has 2 values; the ones before it have 1'],
    ['[[1],2]', '/x/1', 'expected an array, found a number'],
    ['[[[1]],[2]]', '/x/1/0', 'expected an array, found a number'],
    ['[1,[2]]', '/x/1', 'expected a number, found an array'],
    ['[[1,2],[3,[4]]]', '/x/1/1', 'expected a number, found an array'],
    ['[1,2,null]', '/x/2', 'expected a number, found null'],
    ['[[0,1],[2,"3"]]', '/x/1/1', 'expected a number, found a string'],
    ['[true]', '/x/0', 'expected a number, found a boolean'],
    ['[1,false]', '/x/1', 'expected a number, found a boolean'],
    ['[[1],{"a":[]}]', '/x/1', 'expected an array, found an object'],
    ['[[1],null]', '/x/1', 'expected an array, found null']
  ]
  for (const [text, path, reason] of cases) {
    const fault = { code: 'LSTM_ERR_BAD_TENSOR', message: `${path}: ${reason}`, path } as const
    refuses(t, () => read(text), fault, text)
    refuses(t, () => read(text.replaceAll(',', ' , ').replaceAll('[', '[\n')), fault, `${text} with whitespace`)
  }
  const rows = Array.from({ length: 70 }, (_, i) => (i === 68 ? '[1,2,null]' : '[1,2,3]'))
  const message = '/x/68/2: expected a number, found null'
  refuses(t, () => read(`[${rows}]`), { code: 'LSTM_ERR_BAD_TENSOR', message, path: '/x/68/2' }, 'far down')
})

t.test('numbers that overflow float32', async (t) => {
  const cases: [string, string][] = [
    ['3.5e38', '3.5e38'],
    ['-1e999', '-1e999'],
    ['3.4028235677973366e38', '3.4028235677973366e38'],
    ['1'.repeat(40), '1'.repeat(40)],
    ['1'.repeat(41), `${'1'.repeat(40)}…`]
  ]
  for (const [text, shown] of cases) {
    const message = `/x/1/0 is ${shown}, which overflows float32; every value must be a finite float32`
    refuses(t, () => read(`[[1],[${text}]]`), { code: 'LSTM_ERR_NON_FINITE', message, path: '/x/1/0' }, text)
  }
  t.equal(read('[3.4028235677973362e38]').data[0], 3.4028234663852886e38)
})

t.test('malformed JSON comes before faults of tensors, wherever it is', async (t) => {
  const cases: [string, number, string][] = [
    ['[1,null]]}', 13, `expected ',' or '}', found ']'`],
    ['[[1],[2,3]],"y":nul}', 24, "expected 'null', found '}'"],
    ['[1e999,2],"y":"\u0001"}', 20, 'expected a control character to be escaped, found byte 0x01'],
    ['[1,nule]}', 11, "expected 'null', found 'e'"],
    ['[1,2', 9, "expected ',' or ']', found end of input"],
    ['[1,2}', 9, "expected ',' or ']', found '}'"],
    ['[01]}', 7, "expected ',' or ']', found '1'"],
    ['[1,-]}', 9, "expected a digit, found ']'"],
    ['[1.]}', 8, "expected a digit, found ']'"],
    ['[1.5e]}', 10, "expected a digit, found ']'"],
    ['[1,]}', 8, "expected a value, found ']'"],
    ['[,1]}', 6, "expected a value or ']', found ','"],
    ['[[1],]}', 10, "expected a value, found ']'"],
    ['[1 2]}', 8, "expected ',' or ']', found '2'"],
    ['[[1][2]]}', 9, "expected ',' or ']', found '['"]
  ]
  for (const [text, position, reason] of cases) {
    const message = `malformed JSON at byte ${position}: ${reason}`
    refuses(t, () => readJson(bytesOf(`{"x":${text}`), plan), { code: 'LSTM_ERR_MALFORMED_JSON', message }, text)
  }
})

const lengths = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 100]

t.test('every size gives what JSON.parse and flat give', async (t) => {
  for (const rows of lengths) {
    for (const columns of lengths) {
      const arrays = Array.from({ length: rows }, (_, i) =>
        Array.from({ length: columns }, (_, j) => Math.sin(i * 31 + j) * 10 ** ((j % 13) - 6))
      )
      for (const text of [JSON.stringify(arrays), JSON.stringify(arrays, null, 1)]) {
        const { shape, data } = read(text)
        const same = Buffer.from(data.buffer).equals(Buffer.from(Float32Array.from(arrays.flat()).buffer))
        if (!same || shape[0] !== rows || (rows > 0 && shape[1] !== columns)) t.fail(`(${rows}, ${columns})`)
      }
    }
  }
  t.equal(read(`[${new Array(2_200_000).fill('1').join(',')}]`).data.length, 2_200_000, 'larger than what is kept')
  t.same([...read('[[1,2]]').data], [1, 2], 'and small again')
})

t.test('generated arrays of any depth', async () => {
  const tensors = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 }).chain((shape) => {
    const count = shape.reduce((a, b) => a * b, 1)
    return fc.record({
      shape: fc.constant(shape),
      values: fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: count, maxLength: count })
    })
  })
  fc.assert(
    fc.property(tensors, ({ shape, values }) => {
      const texts = values.map((value) => (Object.is(value, -0) ? '-0' : String(value)))
      const text = shape.reduceRight((parts: string[], length) => {
        return Array.from({ length: parts.length / length }, (_, i) => `[${parts.slice(i * length, (i + 1) * length)}]`)
      }, texts)[0]
      const tensor = read(text)
      const same = tensor.data.every((value, i) => Object.is(value, values[i])) && tensor.data.length === values.length
      if (!same || String(tensor.shape) !== String(shape)) throw new Error(text)
    }),
    { numRuns: 300 }
  )
})
