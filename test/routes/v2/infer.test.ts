import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { exportModel } from '../../../src/parameters/exporters/export-model.ts'
import { readNpz } from '../../../src/parameters/files/npz.ts'
import { courseSequence, fixture, largestDifference } from '../../fixtures.ts'
import { binaryInput, inferBody, int32Bytes, type Message, readInfer } from '../../infer-message.ts'
import { kernelNames } from '../../kernels/kernels.ts'
import { randomModels } from '../../random-model.ts'
import { type Service, startService } from '../../service.ts'
import { type Base64Tensor, flatten, nest, random, randomSet, shapeOf, toBase64, transpose } from '../../tensors.ts'

/** The infer route against numbers of others, and bit for bit against the native route. */

const put = ({ ask }: Service, body: unknown, name = 'p') => ask({ method: 'PUT', url: `/parameters/${name}`, body })

async function infer({ ask }: Service, model: string, message: Message) {
  const { body, headers } = inferBody(message)
  const answer = await ask({ url: `/v2/models/${model}/infer`, body, headers })
  assert.equal(answer.status, 200, answer.bytes.toString())
  return { ...readInfer(answer), answer }
}

const json = (name: string, values: unknown) => ({ name, shape: shapeOf(values), datatype: 'FP32', data: values })
const binary = (name: string, values: unknown) => binaryInput(name, shapeOf(values), flatten(values))

for (const kernel of kernelNames)
  t.test(`the course's sequence, in JSON and in raw bytes: ${kernel}`, async (t) => {
    const service = await startService(t, { kernel })
    const { parameters, x, a0, expected } = courseSequence()
    await put(service, parameters)
    const names = ['a', 'y', 'c', 'ft', 'it', 'cct', 'ot']
    const outputs = names.map((name) => ({ name }))
    const inJson = await infer(service, 'p', { inputs: [json('x', x), json('a0', a0)], outputs, id: 'größe "1"' })
    t.equal(inJson.json.id, 'größe "1"')
    t.equal(inJson.json.model_name, 'p')
    t.match(inJson.json.model_version, /^[1-9][0-9]{0,18}$/, 'a number, as the clients have versions')
    t.match(inJson.answer.headers['content-type'], /^application\/json/)
    t.equal(inJson.answer.headers['lstm-kernel'], kernel)
    t.match(inJson.answer.headers['server-timing'], /^decode;dur=/)
    const inBytes = await infer(service, 'p', {
      inputs: [binary('x', x), binary('a0', a0)],
      outputs: outputs.map((output) => ({ ...output, parameters: { binary_data: true } }))
    })
    t.equal(inBytes.answer.headers['content-type'], 'application/octet-stream')
    const { caches, ...states } = expected
    for (const [name, wanted] of Object.entries({ ...states, ...caches })) {
      const { shape, data, datatype } = inJson.outputs[name]
      t.equal(datatype, 'FP32')
      t.ok(largestDifference(nest(shape, data!), wanted) < 1e-5, name)
      const values = new Float32Array(Uint8Array.from(inBytes.outputs[name].bytes!).buffer)
      t.strictSame(Array.from(values), data!.map(Math.fround), `${name} is the same in raw bytes`)
    }
  })

const sizes = fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33)

const requests = fc
  .record({
    n_x: sizes,
    n_a: sizes,
    n_y: fc.integer({ min: 1, max: 5 }),
    m: fc.integer({ min: 1, max: 6 }),
    T_x: fc.integer({ min: 1, max: 9 }),
    seed: fc.nat(),
    layout: fc.constantFrom('features_first', 'batch_first', 'time_first'),
    withStates: fc.boolean()
  })
  .chain((request) =>
    fc.record({
      request: fc.constant(request),
      lengths: fc.option(
        fc.array(fc.integer({ min: 1, max: request.T_x }), { minLength: request.m, maxLength: request.m })
      )
    })
  )

const names = ['y', 'a', 'c', 'ft', 'it', 'cct', 'ot', 'a_last', 'c_last']
const axes = { features_first: [0, 1, 2], batch_first: [1, 2, 0], time_first: [2, 1, 0] }

for (const kernel of kernelNames)
  t.test(`raw bytes give the bits that base64 gives: ${kernel}`, async (t) => {
    const service = await startService(t, { kernel })
    const same = fc.asyncProperty(requests, async ({ request, lengths }) => {
      const { n_x, n_a, n_y, m, T_x, seed, layout, withStates } = request
      await put(service, randomSet(seed, n_x, n_a, n_y))
      const x = transpose(random(seed + 30, [n_x, m, T_x], 2), axes[layout as keyof typeof axes])
      const state = layout === 'features_first' ? [n_a, m] : [m, n_a]
      const states = withStates ? { a0: random(seed + 31, state), c0: random(seed + 32, state, 2) } : {}
      const native = await service.ask({
        url: '/sequence',
        body: {
          parameters: 'p',
          layout,
          encoding: 'base64',
          outputs: names,
          ...(lengths && { lengths }),
          ...Object.fromEntries(Object.entries({ x, ...states }).map(([name, values]) => [name, toBase64(values)]))
        }
      })
      const { outputs } = await infer(service, 'p', {
        parameters: { layout, binary_data_output: true },
        inputs: [
          ...Object.entries({ x, ...states }).map(([name, values]) => binary(name, values)),
          ...(lengths ? [{ name: 'lengths', shape: [m], datatype: 'INT32', bytes: int32Bytes(lengths) }] : [])
        ],
        outputs: names.map((name) => ({ name }))
      })
      for (const name of names) {
        const wanted: Base64Tensor = native.json[name]
        assert.deepEqual(outputs[name].shape, wanted.shape, name)
        assert.equal(outputs[name].bytes!.toString('base64'), wanted.data, name)
      }
    })
    await fc.assert(same, { numRuns: 25 })
  })

t.test('the digits, all at once, as one raw tensor', async (t) => {
  const service = await startService(t)
  await service.load('digits')
  const { x, label } = Object.fromEntries(readNpz(fixture('digits/test.npz'), { maxInflatedBytes: 1e8 }))
  const { outputs } = await infer(service, 'digits', {
    inputs: [binaryInput('x', x.shape, x.data)],
    outputs: [{ name: 'y_last' }]
  })
  const { shape, data } = outputs.y_last
  t.strictSame(shape, [10, 360])
  const scores = nest(shape, data!) as number[][]
  const right = [...label.data].filter((digit, j) => {
    const column = scores.map((row) => row[j])
    return column.indexOf(Math.max(...column)) === digit
  })
  t.equal(right.length, 349)
})

t.test('models of every kind give what the native route gives, whatever is asked together', async (t) => {
  const service = await startService(t)
  const [m, T_x] = [3, 6]
  const lengths = [6, 2, 4]
  for (const [name, model] of Object.entries(randomModels)) {
    await put(service, exportModel(model, 'json'))
    const [{ forward, reverse }] = model.layers
    const n_x = (forward ?? reverse)!.n_x
    const x = random(5, [n_x, m, T_x])
    const headed = model.head === undefined ? [] : ['y']
    const last = model.head === undefined ? [] : ['y_last']
    const layer = `layers.0.${forward ? 'forward' : 'reverse'}.ft`
    const wanted = ['a', ...headed, 'a_last', 'c_last', layer]
    const native = (body: object) => service.ask({ url: '/sequence', body: { parameters: 'p', x, lengths, ...body } })
    const all = (await native({ outputs: wanted })).json
    const ofLast = headed.length === 0 ? undefined : (await native({ outputs: ['y'], steps: 'last' })).json.y
    const ask = async (outputs: string[]) =>
      (
        await infer(service, 'p', {
          inputs: [binary('x', x), { name: 'lengths', shape: [m], datatype: 'INT64', data: lengths }],
          outputs: outputs.map((output) => ({ name: output }))
        })
      ).outputs
    const together = await ask([...wanted, ...last])
    for (const output of wanted) {
      const { shape, data } = together[output]
      t.strictSame(nest(shape, data!), all[output], `${name}: ${output}`)
    }
    if (ofLast === undefined) continue
    for (const { y_last } of [together, await ask(['y_last'])]) {
      t.strictSame(nest(y_last.shape, y_last.data!), ofLast, `${name}: y_last`)
    }
  }
})

t.test('without outputs: the default ones', async (t) => {
  const service = await startService(t)
  await put(service, randomSet(1, 2, 3, 2))
  await put(service, exportModel(randomModels.headless, 'json'), 'headless')
  for (const outputs of [undefined, []]) {
    const { json: answer } = await infer(service, 'p', { inputs: [json('x', [[[1]], [[2]]])], outputs })
    t.strictSame(
      answer.outputs.map(({ name }: { name: string }) => name),
      ['y', 'a', 'c']
    )
    t.notOk('id' in answer)
  }
  const { outputs } = await infer(service, 'headless', { inputs: [json('x', [[[1]]])] })
  t.strictSame(Object.keys(outputs), ['a', 'c'])
})

t.test("an output's own word on raw bytes wins over the request's", async (t) => {
  const service = await startService(t)
  await put(service, randomSet(1, 1, 3, 2))
  const { outputs } = await infer(service, 'p', {
    parameters: { binary_data_output: true },
    inputs: [json('x', [[[1, 2]]])],
    outputs: [
      { name: 'y', parameters: { binary_data: false } },
      { name: 'a' },
      { name: 'c', parameters: { binary_data: true } }
    ]
  })
  t.equal(outputs.y.data?.length, 4)
  t.equal(outputs.a.bytes?.length, 24)
  t.equal(outputs.c.bytes?.length, 24)
  t.notOk(outputs.a.data)
})

t.test('flat and nested data are the same', async (t) => {
  const service = await startService(t)
  await put(service, randomSet(1, 2, 3, 2))
  const x = random(3, [2, 3, 4])
  const nested = await infer(service, 'p', { inputs: [json('x', x)] })
  const flat = await infer(service, 'p', {
    inputs: [{ name: 'x', shape: [2, 3, 4], datatype: 'FP64', data: flatten(x) }]
  })
  t.strictSame(flat.json, nested.json)
})

t.test('a body of nothing but values is x', async (t) => {
  const service = await startService(t)
  await put(service, randomSet(1, 2, 3, 2))
  const x = random(3, [2, 1, 5])
  const whole = await infer(service, 'p', { inputs: [binary('x', x)], parameters: { binary_data_output: true } })
  const headers = { 'content-type': 'application/octet-stream', 'inference-header-content-length': '0' }
  const raw = await service.ask({ url: '/v2/models/p/infer', body: binary('x', x).bytes, headers })
  t.equal(raw.status, 200)
  t.strictSame(raw.bytes, whole.answer.bytes)
  const short = await service.ask({ url: '/v2/models/p/infer', body: Buffer.alloc(12), headers })
  t.equal(short.status, 400)
  t.match(short.json.error, 'x: the body has 12 bytes; expected a multiple of 8, n_x = 2 values of FP32 for each step')
})

t.test('the version in the path has to be the version that is there', async (t) => {
  const service = await startService(t)
  const { version } = (await put(service, randomSet(1, 1, 1, 1), 'a b')).json ?? {}
  t.notOk(version, 'not a name of a set')
  const { json: described } = await put(service, randomSet(1, 1, 1, 1))
  const { body } = inferBody({ inputs: [json('x', [[[1]]])] })
  const ask = (path: string) => service.ask({ url: `/v2/models/${path}/infer`, body })
  const native = await ask(`p/versions/${described.version}`)
  t.equal(native.status, 200)
  t.equal((await ask(`p/versions/${native.json.model_version}`)).status, 200)
  t.equal((await ask('%70')).status, 200, 'names come percent-encoded')
  t.equal((await ask('p')).status, 200)
  const other = await ask('p/versions/1')
  t.equal(other.status, 404)
  t.match(other.json.error, /^Request for unknown model: 'p' version "1" is not found; its version is/)
  const unknown = await ask('none')
  t.equal(unknown.status, 404)
  t.equal(unknown.json.error, "Request for unknown model: 'none' is not found")
  t.equal((await ask('%2e%2e%2fp')).status, 404)
})

t.test('what official clients send besides is taken', async (t) => {
  const service = await startService(t)
  await put(service, randomSet(1, 1, 1, 1))
  const message = JSON.stringify({
    id: '',
    parameters: {
      priority: 1,
      timeout: 10_000_000,
      sequence_id: 0,
      sequence_start: false,
      sequence_end: false,
      own: 'x'
    },
    inputs: [{ ...json('x', [[[1]]]), parameters: { shared: null } }],
    outputs: [{ name: 'y', parameters: { binary_data: false, classification: 0 } }],
    also: [{}, [[]]]
  })
  for (const headers of [
    {},
    { 'content-type': 'application/octet-stream' },
    { 'content-type': 'text/plain' },
    { 'inference-header-content-length': String(message.length) }
  ]) {
    const answer = await service.app.inject({
      method: 'POST',
      url: '/v2/models/p/infer?any=thing',
      headers,
      payload: message
    })
    t.equal(answer.statusCode, 200, JSON.stringify(headers))
    t.equal(answer.json().id, '')
  }
})
