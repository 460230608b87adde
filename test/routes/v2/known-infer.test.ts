import t from 'tap'
import { readInfer } from '../../infer-message.ts'
import { startService } from '../../service.ts'
import { flatten, random, randomSet } from '../../tensors.ts'

/** Requests whose JSON has come before, byte for byte or nearly, on this thread or another. */

const [n_x, n_a, n_y, T_x] = [3, 4, 2, 5]

const jsonOf = ({ before = '', T = T_x, n = n_x, output = 'a', behind = '' } = {}) =>
  `{${before}"inputs":[{"name":"x","shape":[${n},1,${T}],"datatype":"FP32","parameters":{"binary_data_size":${4 * n * T}}}],"outputs":[{"name":"${output}","parameters":{"binary_data":true}}]${behind}}`

const valuesOf = (seed: number, n = n_x, T = T_x) =>
  Buffer.from(Float32Array.from(flatten(random(seed, [n, 1, T]))).buffer)

/** Often enough that every thread knows what is asked. */
const TIMES = 30

async function started(t: Parameters<typeof startService>[0]) {
  const { ask } = await startService(t)
  const put = async (seed: number, n = n_x, name = 'p') => {
    const { json } = await ask({ method: 'PUT', url: `/parameters/${name}`, body: randomSet(seed, n, n_a, n_y) })
    return json.version as string
  }
  const infer = (json: string, values = valuesOf(1), name = 'p', jsonBytes = Buffer.byteLength(json)) =>
    ask({
      url: `/v2/models/${name}/infer`,
      body: Buffer.concat([Buffer.from(json), values]),
      headers: { 'content-type': 'application/octet-stream', 'inference-header-content-length': String(jsonBytes) }
    })
  /** The values of an output as /sequence gives them, in base64. */
  const native = async (output: string, values: Buffer, T = T_x, name = 'p') => {
    const x = { shape: [n_x, 1, T], data: values.toString('base64') }
    return (await ask({ url: '/sequence', body: { parameters: name, outputs: [output], x } })).json[output].data
  }
  return { ask, put, infer, native }
}

t.test('other values each time, other ids, and what follows from one byte', async (t) => {
  const { put, infer, native } = await started(t)
  const version = await put(1)
  await put(2, n_x, 'other')
  for (let i = 0; i < TIMES; i++) {
    const values = valuesOf(100 + i)
    for (const output of ['a', 'c', 'y'])
      for (const id of [undefined, '', `${i}`, 'a "b"\\', 'ü']) {
        const before = id === undefined ? '' : `"id":${JSON.stringify(id)},`
        const { json, outputs } = readInfer(await infer(jsonOf({ before, output }), values))
        t.equal(json.id, id)
        t.equal(json.model_name, 'p')
        t.equal(json.model_version, version)
        t.strictSame(Object.keys(outputs), [output])
        t.equal(outputs[output].bytes!.toString('base64'), await native(output, values))
      }
    const other = readInfer(await infer(jsonOf(), values, 'other'))
    t.equal(other.json.model_name, 'other')
    t.equal(other.outputs.a.bytes!.toString('base64'), await native('a', values, T_x, 'other'))
    const last = readInfer(await infer(jsonOf({ T: T_x - 1 }), values.subarray(0, 4 * n_x * (T_x - 1))))
    t.strictSame(last.outputs.a.shape, [n_a, 1, T_x - 1])
    const raw = readInfer(await infer('', values))
    t.strictSame(Object.keys(raw.outputs), ['y', 'a', 'c'])
    t.equal(raw.outputs.c.bytes!.toString('base64'), await native('c', values))
  }
})

t.test('many at once: each has its own answer', async (t) => {
  const { put, infer, native } = await started(t)
  await put(1)
  for (let i = 0; i < 4; i++) {
    const all = Array.from({ length: TIMES }, (_, k) => valuesOf(1000 * i + k))
    const answers = await Promise.all(all.map((values) => infer(jsonOf(), values)))
    for (const [k, answer] of answers.entries()) {
      t.equal(readInfer(answer).outputs.a.bytes!.toString('base64'), await native('a', all[k]))
    }
  }
})

t.test('the last of several ids comes back', async (t) => {
  const { put, infer } = await started(t)
  await put(1)
  for (let i = 0; i < TIMES; i++) {
    const twice = jsonOf({ before: `"id":"${i}",`, behind: ',"id":"last"' })
    t.equal(readInfer(await infer(twice)).json.id, 'last')
    const escaped = jsonOf({ before: `"id":"${i}",`, behind: ',"\\u0069d":"last"' })
    t.equal(readInfer(await infer(escaped)).json.id, 'last')
    t.equal(readInfer(await infer(jsonOf({ before: `"id":"${i}",` }))).json.id, String(i))
    t.equal(readInfer(await infer(jsonOf({ behind: ',"id":"behind"' }))).json.id, 'behind')
  }
})

t.test('a fault is one as often as it comes, also beside what is known', async (t) => {
  const { put, infer } = await started(t)
  await put(1)
  const good = jsonOf()
  const values = valuesOf(1)
  const spoilt = Buffer.from(values)
  spoilt.writeFloatLE(Number.NaN, 8)
  for (let i = 0; i < TIMES; i++) {
    t.equal((await infer(good)).status, 200)
    t.equal((await infer(`{"id":"1",${good.slice(1)}`)).status, 200)
    t.equal((await infer('', values)).status, 200)
    const faults = [
      [await infer(good.slice(1)), 'LSTM_ERR_MALFORMED_JSON'],
      [await infer(`,${good.slice(1)}`), 'LSTM_ERR_MALFORMED_JSON'],
      [await infer(`{"id":"1,${good.slice(1)}`), 'LSTM_ERR_MALFORMED_JSON'],
      [await infer(`{"id":"\n",${good.slice(1)}`), 'LSTM_ERR_MALFORMED_JSON'],
      [await infer(`{"id":"1",}`), 'LSTM_ERR_MALFORMED_JSON'],
      [await infer(String(values.length)), 'LSTM_ERR_INVALID_BODY'],
      [await infer(`{"id":1,${good.slice(1)}`), 'LSTM_ERR_INVALID_BODY'],
      [await infer(good, spoilt), 'LSTM_ERR_NON_FINITE'],
      [await infer(good, values.subarray(4)), 'LSTM_ERR_BAD_TENSOR'],
      [await infer(good, Buffer.concat([values, values])), 'LSTM_ERR_INVALID_REQUEST'],
      [await infer(good, Buffer.alloc(0), 'p', good.length + 1), 'LSTM_ERR_INVALID_REQUEST'],
      [await infer('', values.subarray(4)), 'LSTM_ERR_BAD_TENSOR'],
      [await infer(good, values, 'q'), 'LSTM_ERR_UNKNOWN_MODEL']
    ] as const
    for (const [{ json }, code] of faults) t.equal(json.code, code)
  }
})

t.test('a set that was replaced: the new version, and its own shapes', async (t) => {
  const { put, infer, native } = await started(t)
  const known = jsonOf({ before: '"id":"1",' })
  for (let i = 0; i < 6; i++) {
    const version = await put(i)
    for (let k = 0; k < TIMES; k++) {
      const values = valuesOf(k)
      const { json, outputs } = readInfer(await infer(known, values))
      t.equal(json.model_version, version)
      t.equal(outputs.a.bytes!.toString('base64'), await native('a', values))
    }
    await put(i, n_x + 1)
    t.equal((await infer(known)).json.code, 'LSTM_ERR_SHAPE_MISMATCH')
  }
})

t.test('several outputs and states behind one JSON', async (t) => {
  const { put, infer } = await started(t)
  await put(1)
  const state = (name: string) =>
    `{"name":"${name}","shape":[${n_a},1],"datatype":"FP32","parameters":{"binary_data_size":${4 * n_a}}}`
  const json = `{"parameters":{"binary_data_output":true},"inputs":[${state('a0')},{"name":"x","shape":[${n_x},1,${T_x}],"datatype":"FP32","parameters":{"binary_data_size":${4 * n_x * T_x}}},${state('c0')}],"outputs":[{"name":"a_last"},{"name":"c_last"},{"name":"y","parameters":{"datatype":"FP16"}}]}`
  // the states after one half of a sequence are those before the other
  const whole = jsonOf({ T: 2 * T_x, output: 'a_last' })
  for (let i = 0; i < TIMES; i++) {
    const rows = random(200 + i, [n_x, 1, 2 * T_x]) as number[][][]
    const bytes = (part: number[][][]) => Buffer.from(Float32Array.from(flatten(part)).buffer)
    const half = (from: number) => bytes(rows.map(([row]) => [row.slice(from, from + T_x)]))
    const zeros = Buffer.alloc(4 * n_a)
    const first = readInfer(await infer(json, Buffer.concat([zeros, half(0), zeros]))).outputs
    const second = readInfer(
      await infer(json, Buffer.concat([first.a_last.bytes!, half(T_x), first.c_last.bytes!]))
    ).outputs
    const atOnce = readInfer(await infer(whole, bytes(rows))).outputs
    t.strictSame([...second.a_last.bytes!], [...atOnce.a_last.bytes!])
    t.equal(second.y.bytes!.length, 2 * n_y * T_x)
  }
})
