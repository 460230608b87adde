import fc from 'fast-check'
import t from 'tap'
import { readJson } from '../../../src/codec/json/read.ts'
import { Tensor } from '../../../src/codec/tensor.ts'
import { bytesOf, disagreement, refuses } from './agreement.ts'

const documents = [
  '{}',
  ' \t\r\n[ ] ',
  'null',
  'true',
  'false',
  '0',
  '-0',
  '-0.0e-0',
  '1E+2',
  '123456789012345678901234567890',
  '1e-400',
  '1e400',
  '0e999999999999',
  '""',
  '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00"',
  '"\\ud800"',
  '"\\udc00\\ud800x"',
  '"é€😀\u2028\u2029\u007f\ufeff"',
  '{"a":1,"a":2}',
  '{"":{"":[[],{}]}}',
  '{"\\u0061":1,"a":[1,2,{"b":null}]}'
]

t.test('short-lived tensors of a document lie apart, and last until the next one', async (t) => {
  const shortLived = { maxDepth: 8, shortLived: true }
  const plan = { a: 'tensor', b: 'tensor', c: 'tensor' } as const
  const read = (text: string) =>
    readJson(Buffer.from(text), plan, shortLived) as Record<'a' | 'b' | 'c', { data: Float32Array }>
  const values = (length: number, first: number) => Float32Array.from({ length }, (_, i) => first + i)
  const base64 = (data: Float32Array) => ({ shape: [data.length], data: Buffer.from(data.buffer).toString('base64') })
  for (const length of [1, 3, 15, 16, 17, 40_000, 100_000, 200_000, 262_144, 300_000]) {
    const [a, b, c] = [values(length, 0), values(length + 1, 1e6), values(length, 2e6)]
    const { a: first, b: second, c: third } = read(JSON.stringify({ a: base64(a), b: [...b], c: base64(c) }))
    t.ok(Buffer.from(a.buffer).equals(Buffer.from(first.data.slice().buffer)), `${length} values of base64`)
    t.ok(Buffer.from(b.buffer).equals(Buffer.from(second.data.slice().buffer)), `${length + 1} numbers behind them`)
    t.ok(Buffer.from(c.buffer).equals(Buffer.from(third.data.slice().buffer)), `and ${length} of base64`)
  }
  const lasting = readJson(Buffer.from('{"a":[1,2]}'), plan) as { a: { data: Float32Array } }
  read('{"a":[3,4]}')
  t.same(lasting.a.data, Float32Array.of(1, 2))
})

t.test('takes what JSON.parse takes, to the same value', async (t) => {
  for (const [i, text] of documents.entries()) t.equal(disagreement(bytesOf(text)), undefined, `document ${i}`)
})

t.test('refuses what JSON.parse refuses', async (t) => {
  const texts = [
    ...['', ' ', '{', '[', '"', '}', ']', ',', ':', '{,}', '[,]', '[1,]', '[1 2]', '{"a"}', '{"a":}', '{"a":1,}'],
    ...['{a:1}', "{'a':1}", '{"a":1 "b":2}', '[1]]', '{}{}', '1 2', 'nul', 'nulll', 'True', 'undefined'],
    ...[
      '01',
      '-',
      '-01',
      '1.',
      '.5',
      '+1',
      '1e',
      '1e+',
      '1.e1',
      '0x10',
      'NaN',
      'Infinity',
      '-Infinity',
      '1_000',
      '--1'
    ],
    ...['"\n"', '"\u0000"', '"\\x"', '"\\u12g4"', '"\\u123"', '"abc', '"\\', '"\\u', '\ufeff{}', '\u00a0{}', '/**/{}']
  ]
  for (const text of texts) {
    t.equal(disagreement(bytesOf(text)), undefined, JSON.stringify(text))
    t.throws(() => readJson(bytesOf(text), {}), { code: 'LSTM_ERR_MALFORMED_JSON' }, JSON.stringify(text))
  }
})

t.test('refuses invalid UTF-8 in strings', async (t) => {
  const sequences = [
    [0x80],
    [0xbf],
    [0xc0, 0x80],
    [0xc1, 0xbf],
    [0xc3],
    [0xc3, 0x28],
    [0xe0, 0x80, 0x80],
    [0xe0, 0x9f, 0xbf],
    [0xe2, 0x82],
    [0xe2, 0x28, 0xac],
    [0xed, 0xa0, 0x80],
    [0xf0, 0x80, 0x80, 0x80],
    [0xf0, 0x9f, 0x98],
    [0xf4, 0x90, 0x80, 0x80],
    [0xf5, 0x80, 0x80, 0x80],
    [0xfe],
    [0xff]
  ]
  for (const sequence of sequences) {
    const bytes = Uint8Array.from([0x5b, 0x22, 0x61, ...sequence, 0x22, 0x5d])
    const name = sequence.map((byte) => byte.toString(16)).join(' ')
    t.equal(disagreement(bytes), undefined, name)
    const lead = `0x${sequence[0].toString(16).toUpperCase()}`
    const message = `malformed JSON at byte 3: expected valid UTF-8 in a string, found a broken sequence at byte ${lead}`
    refuses(t, () => readJson(bytes, {}), { code: 'LSTM_ERR_MALFORMED_JSON', message }, name)
    t.equal(disagreement(bytes.subarray(0, 3 + sequence.length)), undefined, `${name}, cut off`)
  }
  for (const good of [
    [0xc2, 0x80],
    [0xed, 0x9f, 0xbf],
    [0xee, 0x80, 0x80],
    [0xf4, 0x8f, 0xbf, 0xbf],
    [0xf0, 0x90, 0x80, 0x80]
  ]) {
    t.equal(disagreement(Uint8Array.from([0x22, ...good, 0x22])), undefined, `good ${good}`)
  }
})

t.test('says what was expected, what came, and where', async (t) => {
  const cases: [string, string][] = [
    ['', '0: expected a value, found end of input'],
    ['[1', "2: expected ',' or ']', found end of input"],
    ['[1;', "2: expected ',' or ']', found ';'"],
    ['[1,]', "3: expected a value, found ']'"],
    ['[}', "1: expected a value or ']', found '}'"],
    ['{1', `1: expected '"' or '}', found '1'`],
    ['{"a":1,}', `7: expected '"', found '}'`],
    ['{"a" 1}', "5: expected ':', found '1'"],
    ['{"a":1 2}', "7: expected ',' or '}', found '2'"],
    ['{} x', "3: expected end of input, found 'x'"],
    ['01', "1: expected end of input, found '1'"],
    ['-x', "1: expected a digit, found 'x'"],
    ['1.', '2: expected a digit, found end of input'],
    ['trux', "3: expected 'true', found 'x'"],
    ['"a', `2: expected '"' at the end of a string, found end of input`],
    ['"\n"', '1: expected a control character to be escaped, found byte 0x0A'],
    ['"\\x"', `2: expected one of " \\ / b f n r t u after a backslash, found 'x'`],
    ['"\\u12G4"', "5: expected four hexadecimal digits, found 'G'"],
    ['\ufeff{}', '0: expected a value, found byte 0xEF'],
    ["'a'", `0: expected a value, found "'"`]
  ]
  for (const [text, message] of cases) {
    const fault = { code: 'LSTM_ERR_MALFORMED_JSON', message: `malformed JSON at byte ${message}` } as const
    refuses(t, () => readJson(bytesOf(text), {}), fault, JSON.stringify(text))
    refuses(t, () => readJson(Buffer.from(text), {}), fault, `${JSON.stringify(text)} in a Buffer`)
  }
})

t.test('nesting is limited, in tensors too, and never overflows the stack', async (t) => {
  const plan = { x: 'tensor' } as const
  const nest = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
  const tooDeep = (position: number, limit: number) =>
    ({
      code: 'LSTM_ERR_MALFORMED_JSON',
      message: `malformed JSON at byte ${position}: expected at most ${limit} levels of nesting, found one more`
    }) as const
  t.ok(readJson(bytesOf(nest(64)), {}))
  refuses(t, () => readJson(bytesOf(nest(65)), {}), tooDeep(64, 64), 'arrays')
  t.ok(readJson(bytesOf(nest(3)), {}, { maxDepth: 3 }))
  refuses(t, () => readJson(bytesOf(nest(4)), {}, { maxDepth: 3 }), tooDeep(3, 3), 'a limit of its own')
  t.ok(readJson(bytesOf(`{"x":${nest(63)}}`), plan))
  refuses(t, () => readJson(bytesOf(`{"x":${nest(64)}}`), plan), tooDeep(68, 64), 'a tensor')
  for (const deep of [
    '['.repeat(100_000),
    '{"a":'.repeat(100_000),
    `{"x":${nest(100_000)}}`,
    `{"x":${'['.repeat(100_000)}}`
  ]) {
    t.throws(() => readJson(bytesOf(deep), plan), { code: 'LSTM_ERR_MALFORMED_JSON' })
  }
})

t.test('keys from outside are only keys', async (t) => {
  const text = '{"__proto__":{"x":[1]},"constructor":{"x":[1]},"toString":1,"hasOwnProperty":[2]}'
  const value = readJson(bytesOf(text), { x: 'tensor' }) as Record<string, unknown>
  t.same(Object.keys(value), ['__proto__', 'constructor', 'toString', 'hasOwnProperty'])
  const empty = readJson(bytesOf('{}'), {}) as object
  for (const key of Reflect.ownKeys(Object.prototype)) t.notOk(key in empty, `nothing is inherited: ${String(key)}`)
  t.equal(JSON.stringify(value), text)
  t.equal((Object.prototype as unknown as Record<string, unknown>).x, undefined)
})

t.test('tensors are where the plan says, and only there', async (t) => {
  const text = '{"x":[1],"y":[1],"p":{"W":[[2]],"x":[3]},"q":[{"W":[4]}], "a/b":{"c~d":[5]} }\n'
  const plan = { x: 'tensor', p: { W: 'tensor' }, q: { W: 'tensor' }, 'a/b': { 'c~d': 'tensor' } } as const
  const value = readJson(bytesOf(text), plan) as Record<string, Record<string, unknown>>
  t.ok(value.x instanceof Tensor)
  t.same(value.y, [1])
  t.ok(value.p.W instanceof Tensor)
  t.same(value.p.x, [3])
  t.same({ ...(value.q as unknown as object[])[0] }, { W: [4] }, 'a nested plan is for objects')
  t.ok(value['a/b']['c~d'] instanceof Tensor)
  t.same((readJson(bytesOf('[[1]]'), plan) as unknown[])[0], [1], 'a document that is no object')
  t.same(
    { ...(readJson(bytesOf('{"x":[1],"x":null,"p":"set"}'), plan) as object) },
    { x: null, p: 'set' },
    'the last one wins'
  )
  const message = '/a~1b/c~0d/0: expected a number, found null'
  const path = '/a~1b/c~0d/0'
  refuses(
    t,
    () => readJson(bytesOf('{"a/b":{"c~d":[null]}}'), plan),
    { code: 'LSTM_ERR_BAD_TENSOR', message, path },
    'escaped'
  )
})

t.test('other values in the place of a tensor come back as they are', async (t) => {
  for (const text of [
    '1.5',
    '"a"',
    'null',
    'true',
    '{}',
    '{"shape":[1]}',
    '{"data":"AA\\u0041="}',
    '{"b":{"c":[1]}}'
  ]) {
    const value = readJson(bytesOf(`{"x":${text}}`), { x: 'tensor' }) as Record<string, unknown>
    t.equal(JSON.stringify(value.x), JSON.stringify(JSON.parse(text)), text)
  }
})

const sample =
  '{"xt": [[0.5, -1.25e1],[3, 4]], "a" : "\\u00e9é\\/", "parameters":{"Wf":{"shape":[1,1],"data":"AACAPw=="},"n":null}, "s":[true,false,{}]} '
const samplePlan = { xt: 'tensor', parameters: { Wf: 'tensor' } } as const

t.test('a document cut off anywhere is refused', async (t) => {
  const bytes = bytesOf(sample)
  t.ok(readJson(bytes, samplePlan))
  for (let length = 0; length < bytes.length - 1; length++) {
    t.throws(
      () => readJson(bytes.subarray(0, length), samplePlan),
      { code: 'LSTM_ERR_MALFORMED_JSON' },
      `${length} bytes`
    )
    t.equal(disagreement(bytesOf(`${sample.slice(0, length)}}`), samplePlan), undefined, `${length} and a brace`)
  }
})

t.test('a document anywhere in memory', async (t) => {
  const text = '{"x":[0.1,9007199254740993e-22,1.5e-45],"y":{"shape":[2],"data":"AACAPwAAAMA="},"é":"é"}'
  for (const lead of [0, 1, 2, 3, 5, 8]) {
    const bytes = bytesOf(`${']'.repeat(lead)}${text}9,9]}`).subarray(lead, -5)
    const value = readJson(bytes, { x: 'tensor', y: 'tensor' }) as Record<string, Tensor>
    t.same([...value.x.data], [0.1, 9007199254740993e-22, 1.5e-45].map(Math.fround), `behind ${lead} bytes`)
    t.same([...value.y.data], [1, -2])
    t.same(value.é, 'é')
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length))
    shared.set(bytes)
    t.same((readJson(shared, { x: 'tensor' }) as Record<string, Tensor>).x.data, value.x.data, 'in shared memory')
  }
})

const json = fc.json({ maxDepth: 6, stringUnit: 'binary' })

t.test('agrees with JSON.parse on generated documents', async () => {
  fc.assert(
    fc.property(json, fc.constantFrom('', ' ', '\n\t'), (text, space) => {
      const spaced = text.replace(/[[\],:{}](?=[^"]*(?:"[^"]*"[^"]*)*$)/g, (mark) => `${space}${mark}${space}`)
      const fault = disagreement(bytesOf(text)) ?? disagreement(bytesOf(spaced))
      if (fault !== undefined) throw new Error(fault)
    }),
    { numRuns: 300 }
  )
})

const edits = fc.array(
  fc.record({
    at: fc.nat(),
    kind: fc.constantFrom('replace', 'insert', 'delete'),
    byte: fc.oneof(fc.constantFrom(...bytesOf('{}[]",:\\-+.eE0123456789tfnu \n')), fc.nat(255))
  }),
  { minLength: 1, maxLength: 3 }
)

function mutate(text: string, changes: { at: number; kind: string; byte: number }[]): Uint8Array {
  const bytes = [...bytesOf(text)]
  for (const { at, kind, byte } of changes) {
    bytes.splice(at % (bytes.length + 1), kind === 'insert' ? 0 : 1, ...(kind === 'delete' ? [] : [byte]))
  }
  return Uint8Array.from(bytes)
}

t.test('agrees with JSON.parse on documents with random edits', async () => {
  const texts = fc.oneof(json, fc.constantFrom(...documents, sample))
  fc.assert(
    fc.property(texts, edits, (text, changes) => {
      const bytes = mutate(text, changes)
      const fault = disagreement(bytes)
      if (fault !== undefined) throw new Error(fault)
    }),
    { numRuns: 5000 }
  )
})

t.test('a plan changes nothing of what is malformed', async () => {
  fc.assert(
    fc.property(
      fc.constantFrom(sample, '{"xt":[[1,2],[3.5,-4e2]]}', '{"xt":{"data":"AACAPw==","shape":[1]}}'),
      edits,
      (text, changes) => {
        const bytes = mutate(text, changes)
        const fault = disagreement(bytes, samplePlan)
        if (fault !== undefined) throw new Error(fault)
      }
    ),
    { numRuns: 8000 }
  )
})
