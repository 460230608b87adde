import t from 'tap'
import type { InferRequest } from '../../../src/protocols/v2/envelope.ts'
import { requestText, saysAll } from '../../../src/protocols/v2/request-text.ts'

const textOf = (json: string) => {
  const bytes = Buffer.from(json)
  return requestText(Buffer.concat([bytes, Buffer.from('"tensors"')]), bytes.length)
}

t.test('an id at the beginning is no part of the key', async (t) => {
  t.strictSame(textOf('{"id":"7","inputs":[]}'), { key: ',"inputs":[]}', id: '7' })
  t.strictSame(textOf('{"id": "", "inputs":[]}'), { key: ', "inputs":[]}', id: '' })
  t.strictSame(textOf(`{"id":"!#[]^~ ${'i'.repeat(90)}" ,"inputs":[]}`)?.key, ' ,"inputs":[]}')
})

t.test('any other id is', async (t) => {
  for (const json of [
    '{"id":"a\\u0041","inputs":[]}',
    '{"id":"a\\"","inputs":[]}',
    '{"id":"a\\\\","inputs":[]}',
    '{"id":"ü","inputs":[]}',
    '{"id":"\u0001","inputs":[]}',
    '{"id":7,"inputs":[]}',
    '{"id":"7"}',
    '{"id":"7"x,"inputs":[]}',
    '{"id":"7',
    '{"inputs":[],"id":"7"}',
    '{"idx":"7","inputs":[]}'
  ]) {
    const found = textOf(json)
    t.equal(found?.key, Buffer.from(json).toString('latin1'))
    t.equal(found?.id, undefined)
  }
})

t.test('nothing but an object has a key, which is none of another kind', async (t) => {
  for (const json of ['123', ',"inputs":[]}', ' ,"inputs":[]}', ' {}', '[]', '"{}"']) t.equal(textOf(json), undefined)
  t.strictSame(requestText(new Uint8Array(123), 0), { key: '123' }, 'a body without JSON')
})

t.test('a long one has none', async (t) => {
  const json = (length: number) => `{${' '.repeat(length - 2)}}`
  t.equal(textOf(json(2048))?.key, json(2048))
  t.equal(textOf(json(2049)), undefined)
})

t.test('bytes that differ give keys that differ, UTF-8 or not', async (t) => {
  const keys = Array.from({ length: 256 }, (_, byte) => requestText(Uint8Array.of(0x7b, byte, 0x7d), 3)!.key)
  t.equal(new Set(keys).size, 256)
})

t.test('what does not say all', async (t) => {
  const inputs = [{ name: 'x', shape: [1], datatype: 'FP32', parameters: { binary_data_size: 4 } }]
  const request: InferRequest = { inputs }
  t.ok(saysAll({ key: '{}' }, request))
  t.ok(saysAll({ key: ',"inputs":[]}', id: '7' }, request))
  t.ok(saysAll({ key: '{"inputs":[],"id":"\\u0041"}' }, request), 'its id is in the key')
  t.notOk(saysAll({ key: ',"id":"8"}', id: '7' }, request))
  t.notOk(saysAll({ key: ',"\\u0069d":"8"}', id: '7' }, request))
  t.notOk(saysAll({ key: '{}' }, { ...request, parameters: { sequence_id: 0 } }))
  t.notOk(saysAll({ key: '{}' }, { inputs: [...inputs, { ...inputs[0], data: 1 as never }] }))
})
