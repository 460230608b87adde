import t from 'tap'
import { readJson, type TensorPlan } from '../../../src/codec/json/read.ts'
import { Tensor } from '../../../src/codec/tensor.ts'

const plan: TensorPlan = {
  W: 'tensor',
  clip: 'scalar',
  layers: [{ W: 'tensor', name: 'scalar' }],
  shape: ['scalar'],
  head: { W: 'tensor' }
}
const read = (text: string, closed = true) =>
  readJson(Buffer.from(text), plan, { maxDepth: 8, closed }) as Record<string, unknown>

t.test('what the plan names is read, in arrays of objects too', async (t) => {
  for (const closed of [true, false]) {
    const { W, clip, layers, head } = read(
      '{"W":[[1]],"clip":2,"layers":[{"W":[3]},{"name":"x"},4],"head":{"W":{"shape":[1],"data":"AACAPw=="}}}',
      closed
    )
    t.ok(W instanceof Tensor)
    t.equal(clip, 2)
    t.match(layers, [{ W: { shape: [1], data: [3] } }, { name: 'x' }, 4])
    t.match(head, { W: { shape: [1], data: [1] } })
  }
})

t.test('what it does not name is checked and not built', async (t) => {
  const text = '{"other":[{}],"clip":[1],"layers":{"a":1},"head":[1],"W":{"a":1}}'
  t.strictSame(
    { ...read(text) },
    { other: undefined, clip: undefined, layers: undefined, head: undefined, W: undefined }
  )
  t.match(read(text, false), { other: [{}], clip: [1], layers: { a: 1 }, head: [1], W: { a: 1 } })
  t.match(read('{"layers":[[1],{"W":{"a":1}}]}'), { layers: [undefined, { W: undefined }] })
  for (const broken of ['{"other":[1,]}', '{"other":{"a"}}', '{"clip":[01]}', '{"W":{"a":tru}}', '{"layers":[[}]}']) {
    t.throws(() => read(broken), { code: 'LSTM_ERR_MALFORMED_JSON' }, broken)
  }
  t.throws(() => read('{"other":[[[[[[[[[]]]]]]]]]}'), { message: /at most 8 levels/ })
})

t.test('members that are not known, and elements, are counted', async (t) => {
  const members = (n: number) => `{${Array.from({ length: n }, (_, i) => `"m${i}":0`).join()}}`
  t.doesNotThrow(() => read(members(100)))
  t.throws(() => read(members(101)), { message: /expected at most 100 members that are not known/ })
  t.throws(() => read(`{"layers":[${Array(10_001).fill('{}').join()}]}`), {
    message: /at most 10000 elements in \/layers/
  })
})

t.test('a faulty element says where it is', async (t) => {
  t.throws(() => read('{"layers":[{},{"W":[1,"x"]}]}'), { message: /^\/layers\/1\/W\/1: expected a number/ })
})

t.test('elements that are scalars', async (t) => {
  t.strictSame(read('{"shape":[ 1, "a",null ]}').shape, [1, 'a', null])
  t.strictSame(read('{"shape":[[1],{"W":[1]},2]}').shape, [undefined, undefined, 2])
  t.match(read('{"shape":[[1],{"W":[1]}]}', false).shape, [[1], { W: [1] }])
})
