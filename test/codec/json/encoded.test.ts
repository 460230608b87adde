import t from 'tap'
import { readJson } from '../../../src/codec/json/read.ts'
import { Tensor } from '../../../src/codec/tensor.ts'
import { bytesOf, refuses } from './agreement.ts'

const plan = { x: 'tensor', parameters: { Wf: 'tensor' } } as const
const base64 = (...values: number[]): string => Buffer.from(Float32Array.from(values).buffer).toString('base64')
const read = (text: string): Tensor => {
  const { x } = readJson(bytesOf(`{"x":${text}}`), plan) as { x: unknown }
  if (!(x instanceof Tensor)) throw new Error(`${text} became no tensor`)
  return x
}

t.test('members in either order, whitespace, repeated members, escapes', async (t) => {
  const data = base64(1, -2.5, 3)
  const texts = [
    `{"shape":[3],"data":"${data}"}`,
    `{"data":"${data}","shape":[3]}`,
    ` {\n"shape" : [ 3 ] ,\t"data" : "${data}" } `,
    `{"shape":[7],"data":"?","data":"${data}","shape":[3.0]}`,
    `{"sh\\u0061pe":[3],"d\\u0061ta":"${data}"}`,
    `{"shape":[3],"data":"${[...data].map((c) => `\\u00${c.charCodeAt(0).toString(16)}`).join('')}"}`
  ]
  for (const text of texts) {
    const tensor = read(text)
    t.same(tensor.shape, [3], text)
    t.same([...tensor.data], [1, -2.5, 3], text)
    t.equal(tensor.encoding, 'base64')
    t.equal(tensor.data.byteOffset, 0)
    t.equal(tensor.data.buffer.byteLength, 12)
  }
  const slashes = Buffer.alloc(12, 0xff)
  slashes.writeUInt8(0x3f, 3)
  slashes.writeUInt8(0x3f, 7)
  slashes.writeUInt8(0x3f, 11)
  const text = slashes.toString('base64')
  t.match(text, '/')
  const fromPhp = read(`{"shape":[3],"data":"${text.replaceAll('/', '\\/')}"}`)
  t.same([...fromPhp.data], [...read(`{"shape":[3],"data":"${text}"}`).data], 'PHP escapes slashes')
})

t.test('empty tensors, scalars, sizes', async (t) => {
  t.same(read('{"shape":[0],"data":""}').shape, [0])
  t.same(read('{"shape":[3,0,2],"data":""}').shape, [3, 0, 2])
  t.ok(Object.is(read('{"shape":[-0],"data":""}').shape[0], 0))
  t.same([...read(`{"shape":[],"data":"${base64(7)}"}`).data], [7])
  for (const n of [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 1000]) {
    const values = Float32Array.from({ length: n }, (_, i) => Math.sin(i) * 1e10)
    t.same(read(`{"shape":[1,${n}],"data":"${base64(...values)}"}`).data, values, `${n} values`)
  }
})

t.test('faults of shape and members', async (t) => {
  const data = base64(1, 2)
  const cases: [string, string, string][] = [
    [`{"shape":[2],"data":"${data}","dtype":"f4"}`, '/x/dtype', 'unknown member; expected only shape and data'],
    [`{"a/b~":1,"c":2,"shape":[2],"data":"${data}"}`, '/x/a~1b~0', 'unknown member; expected only shape and data'],
    [`{"shape":2,"data":"${data}"}`, '/x/shape', 'expected an array of integers, found 2'],
    [`{"shape":null,"data":"${data}"}`, '/x/shape', 'expected an array of integers, found null'],
    [`{"shape":[2,-1],"data":"${data}"}`, '/x/shape/1', 'expected an integer of at least 0, found -1'],
    [`{"shape":[1.5],"data":"${data}"}`, '/x/shape/0', 'expected an integer of at least 0, found 1.5'],
    [`{"shape":["2"],"data":"${data}"}`, '/x/shape/0', 'expected an integer of at least 0, found a string'],
    [`{"shape":[1,[2]],"data":"${data}"}`, '/x/shape/1', 'expected an integer of at least 0, found an array'],
    [`{"shape":[1,{}],"data":"${data}"}`, '/x/shape/1', 'expected an integer of at least 0, found an object'],
    [
      `{"shape":[9007199254740992],"data":""}`,
      '/x/shape/0',
      'expected an integer of at least 0, found 9007199254740992'
    ],
    [`{"shape":[94906266,94906266],"data":""}`, '/x/shape', '(94906266, 94906266) has more values than can be'],
    ['{"shape":[2],"data":[1,2]}', '/x/data', 'expected a string of base64, found an array'],
    ['{"shape":[2],"data":"AA","data":true}', '/x/data', 'expected a string of base64, found a boolean']
  ]
  for (const [text, path, reason] of cases) {
    refuses(t, () => read(text), { code: 'LSTM_ERR_BAD_TENSOR', message: `${path}: ${reason}`, path }, text)
  }
})

t.test('faults of the base64 text', async (t) => {
  const alphabet = 'expected a character of the base64 alphabet (A-Z a-z 0-9 + /), found'
  const cases: [number, string, string][] = [
    [2, 'AACAPw==', 'expected 8 bytes, 4 for each value of the shape, found 4'],
    [1, '', 'expected 4 bytes, 4 for each value of the shape, found 0'],
    [0, 'AAAA', 'expected 0 bytes, 4 for each value of the shape, found 3'],
    [1, 'AACAP', 'expected base64 padded with = to a multiple of 4 characters, found 5 characters'],
    [1, 'AACAPw', 'expected base64 padded with = to a multiple of 4 characters, found 6 characters'],
    [1, 'AACAPw=', 'expected base64 padded with = to a multiple of 4 characters, found 7 characters'],
    [1, 'AAC-Pw==', `${alphabet} "-" at position 3`],
    [1, 'AAC_Pw==', `${alphabet} "_" at position 3`],
    [1, 'AA APw==', `${alphabet} " " at position 2`],
    [1, 'AACA=w==', `${alphabet} "=" at position 4`],
    [1, 'A===AAAA', `${alphabet} "=" at position 1`],
    [1, 'AACAP===', `${alphabet} "=" at position 5`],
    [1, 'AACA\\n\\n==', `${alphabet} "\\n" at position 4`],
    [1, 'AACA\\"==', `${alphabet} "\\"" at position 4`],
    [1, 'AACAPw\\\\', `${alphabet} "\\\\" at position 6`],
    [1, '\\u0100ACAPw==', `${alphabet} "Ā" at position 0`],
    [1, '\\u0141ACAPw==', `${alphabet} "Ł" at position 0`],
    [1, 'éACAPw==', `${alphabet} "é" at position 0`],
    [1, 'AACAPx==', 'expected the unused bits of the last character to be 0, found "x"'],
    [2, 'AACAPwAAAEB=', 'expected the unused bits of the last character to be 0, found "B"']
  ]
  for (const [count, data, reason] of cases) {
    const text = `{"shape":[${count}],"data":"${data}"}`
    refuses(t, () => read(text), { code: 'LSTM_ERR_BAD_BASE64', message: `/x/data: ${reason}`, path: '/x/data' }, text)
  }
})

t.test('values that are not finite are named by their index', async (t) => {
  const values = Array.from({ length: 24 }, (_, i) => i)
  for (const [bad, shown] of [
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [Number.NEGATIVE_INFINITY, '-Infinity']
  ] as const) {
    const data = base64(...values.with(17, bad).with(20, Number.NaN))
    const message = `x[1][1][1] is ${shown} (value 17 of data); every value must be a finite float32`
    refuses(
      t,
      () => read(`{"shape":[2,3,4],"data":"${data}"}`),
      { code: 'LSTM_ERR_NON_FINITE', message, path: '/x/data' },
      shown
    )
  }
  const text = `{"parameters":{"Wf":{"shape":[2],"data":"${base64(1, Number.NaN)}"}}}`
  const message = 'parameters.Wf[1] is NaN (value 1 of data); every value must be a finite float32'
  const fault = { code: 'LSTM_ERR_NON_FINITE', message, path: '/parameters/Wf/data' } as const
  refuses(t, () => readJson(bytesOf(text), plan), fault, 'below a member')
})

t.test('malformed JSON comes first, also in text that no decoder looks at', async (t) => {
  const texts = [
    '{"shape":[1],"data":"AAC\u0001","data":"AACAPw=="}',
    '{"data":"AAC\\x","shape":[1],"data":"AACAPw=="}',
    '{"shape":[1.5],"data":"\u0001"}',
    '{"shape":[1],"data":"\\q","z":1}',
    '{"shape":[1],"data":"AACAPw==\\"}',
    '{"shape":[1],"data":"AACAPw=="',
    '{"data":"\u0001"}',
    '{"shape":[1],"data":"AACAPw==",}'
  ]
  for (const text of texts) t.throws(() => read(text), { code: 'LSTM_ERR_MALFORMED_JSON' }, JSON.stringify(text))
})
