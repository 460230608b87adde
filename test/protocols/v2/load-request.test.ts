import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { readLoadRequest } from '../../../src/protocols/v2/load-request.ts'

const read = (body: string | Uint8Array) => readLoadRequest(Buffer.from(body), 8)
const withFile = (text: string) => `{"parameters":{"file:1/m":"${text}"}}`

t.test('nothing has to be there', async (t) => {
  for (const body of ['', '{}', ' { "parameters" : { } } ']) t.strictSame(read(body), { settings: {} })
})

t.test('a file comes out as it was, whatever its length and its bytes', async () => {
  const property = fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, escaped) => {
    const text = Buffer.from(bytes).toString('base64')
    const { file } = read(withFile(escaped ? text.replaceAll('/', '\\/') : text))
    return Buffer.from(bytes).equals(file!) && file!.byteLength === file!.buffer.byteLength
  })
  fc.assert(property)
})

t.test('a file that is decoded in pieces', async (t) => {
  const group = 3 * 1024 * 1024
  for (const length of [group - 1, group, group + 1, 2 * group + 2]) {
    const bytes = randomBytes(length)
    t.ok(bytes.equals(read(withFile(bytes.toString('base64'))).file!), `${length} bytes`)
  }
  const text = randomBytes(2 * group).toString('base64')
  const at = 4 * 1024 * 1024 + 5
  t.throws(() => read(withFile(`${text.slice(0, at)}_${text.slice(at + 1)}`)), {
    code: 'LSTM_ERR_INVALID_REQUEST',
    message: `"file:1/m" is not base64: "_" at character ${at}`
  })
  const boundary = 4 * 1024 * 1024 - 1
  t.throws(() => read(withFile(`${text.slice(0, boundary)}=${text.slice(boundary + 1)}`)), {
    message: `"file:1/m" is not base64: "=" at character ${boundary}`
  })
})

t.test('text that is not base64 never gives a file', async () => {
  const characters = fc.constantFrom(...'AB+/=-_. ').map((character) => character)
  const property = fc.property(fc.array(characters, { maxLength: 12 }), (parts) => {
    const text = parts.join('')
    const canonical = Buffer.from(text, 'base64').toString('base64')
    const strict = /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)
    let file: Uint8Array | undefined
    try {
      file = read(withFile(text)).file
    } catch {
      file = undefined
    }
    return (file !== undefined) === strict && (file === undefined || Buffer.from(file).toString('base64') === canonical)
  })
  fc.assert(property, { numRuns: 2000 })
})

t.test('settings and scheduling come out of the configuration', async (t) => {
  const config = (value: unknown) => read(JSON.stringify({ parameters: { config: JSON.stringify(value) } }))
  t.strictSame(
    config({
      name: 'any',
      input: [],
      parameters: { prefix: { string_value: 'a.' }, head: 'none', precision: { string_value: 'int8' } },
      sequence_batching: { max_sequence_idle_microseconds: 1 }
    }),
    { settings: { prefix: 'a.', head: 'none', precision: 'int8' }, scheduling: 'sequence' }
  )
  t.strictSame(config({ dynamic_batching: {} }), { settings: {}, scheduling: 'dynamic' })
  for (const parameters of [
    { precision: 'int4' },
    { __proto__: null, constructor: 'x' },
    { prefix: 7 },
    { prefix: {} }
  ]) {
    t.throws(() => config({ parameters }), { code: 'LSTM_ERR_INVALID_REQUEST' })
  }
})

t.test('only JSON of this form is read, and not into any depth', async (t) => {
  for (const body of [
    '[]',
    'null',
    '"x"',
    '{"parameters":7}',
    '{"x":1}',
    '{"parameters":{"x":"y"}}',
    '{"parameters":{"config":{}}}'
  ]) {
    t.throws(() => read(body), { code: 'LSTM_ERR_INVALID_REQUEST' }, body)
  }
  for (const body of [
    '{',
    '{"parameters":{}',
    '{}}',
    '{"parameters":{"config":"\u0001"}}',
    '{"parameters":{"file:x":"'
  ]) {
    t.throws(() => read(body), { code: 'LSTM_ERR_MALFORMED_JSON' }, body)
  }
  t.throws(() => readLoadRequest(Buffer.from('{"parameters":{}}'), 1), { code: 'LSTM_ERR_MALFORMED_JSON' })
})
