import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import type { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import t from 'tap'
import { exportModel } from '../../../src/parameters/exporters/export-model.ts'
import { STATE_HEAD_BYTES } from '../../../src/protocols/v2/state-head.ts'
import { binaryInput, inferBody, type Message, readInfer } from '../../infer-message.ts'
import { type RandomLayer, randomModel, randomModels } from '../../random-model.ts'
import { type Service, startService } from '../../service.ts'
import { flatten, random, randomSet } from '../../tensors.ts'

type Flags = 'start' | 'go' | 'end' | 'both'
type Id = number | string

const flagsOf = (id: unknown, flags: Flags) => ({
  sequence_id: id,
  sequence_start: flags === 'start' || flags === 'both',
  sequence_end: flags === 'end' || flags === 'both'
})

/** x is (T_x, m, n_x). */
function message(x: unknown[], id: unknown, flags: Flags, binary = true): Message {
  const [m, n_x] = [(x[0] as unknown[]).length, (x[0] as unknown[][])[0].length]
  const shape = [x.length, m, n_x]
  return {
    parameters: { layout: 'time_first', binary_data_output: binary, ...flagsOf(id, flags) },
    inputs: [binary ? binaryInput('x', shape, flatten(x)) : { name: 'x', shape, datatype: 'FP32', data: flatten(x) }],
    outputs: [{ name: 'a' }, { name: 'c' }]
  }
}

const post = ({ ask }: Service, sent: Message, model = 'p') =>
  ask({ url: `/v2/models/${model}/infer`, ...inferBody(sent) })

/** a and c of an answer, (T_x, m, n_a) each. */
function valuesOf(answer: Awaited<ReturnType<Service['ask']>>): Float32Array[] {
  const { outputs } = readInfer(answer)
  return ['a', 'c'].map((name) => {
    const { bytes, data } = outputs[name]
    return bytes === undefined ? Float32Array.from(data!) : new Float32Array(new Uint8Array(bytes).buffer)
  })
}

const joined = (parts: Float32Array[][]) => [0, 1].map((i) => parts.flatMap((part) => [...part[i]]))

/** The same steps in one call of the native route. */
async function unsplit({ ask }: Service, x: unknown[], model = 'p'): Promise<number[][]> {
  const body = { parameters: model, x, layout: 'time_first', outputs: ['a', 'c'] }
  const { json } = await ask({ url: '/sequence', body })
  return ['a', 'c'].map((name) => [...Float32Array.from(flatten(json[name]))])
}

const put = ({ ask }: Service, body: unknown, model = 'p') => ask({ method: 'PUT', url: `/parameters/${model}`, body })

t.test('a sequence in any pieces is the same bits as one call of /sequence', async (t) => {
  const service = await startService(t)
  const layer = fc.record({ n_a: fc.integer({ min: 1, max: 17 }), projected: fc.boolean() })
  const sequence = fc.record({
    layers: fc.array(layer, { minLength: 1, maxLength: 3 }),
    n_x: fc.integer({ min: 1, max: 5 }),
    m: fc.integer({ min: 1, max: 5 }),
    pieces: fc.array(fc.record({ T_x: fc.integer({ min: 1, max: 9 }), binary: fc.boolean() }), {
      minLength: 1,
      maxLength: 8
    }),
    id: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' })),
    seed: fc.integer({ min: 1, max: 1000 })
  })
  await fc.assert(
    fc.asyncProperty(sequence, async ({ layers, n_x, m, pieces, id, seed }) => {
      const stack = layers.map(({ n_a, projected }): RandomLayer => ({ n_a, ...(projected && { n_p: n_a + 1 }) }))
      await put(service, exportModel(randomModel(seed, n_x, stack), 'json'))
      const T_x = pieces.reduce((sum, piece) => sum + piece.T_x, 0)
      const x = random(seed, [T_x, m, n_x], 2) as unknown[]
      const parts: Float32Array[][] = []
      let at = 0
      for (const [i, piece] of pieces.entries()) {
        const flags = i === 0 ? 'start' : 'go'
        const answer = await post(service, message(x.slice(at, at + piece.T_x), id, flags, piece.binary))
        if (answer.status !== 200) throw new Error(answer.json.error)
        parts.push(valuesOf(answer))
        at += piece.T_x
      }
      t.strictSame(joined(parts), await unsplit(service, x))
    }),
    { numRuns: 25 }
  )
})

t.test('200 sequences at once, in random pieces, on two workers, and onwards in another service', async (t) => {
  const [service, other] = [await startService(t), await startService(t)]
  const model = exportModel(randomModel(3, 4, [{ n_a: 16 }, { n_a: 9 }]), 'json')
  for (const each of [service, other]) await put(each, model)
  const T_x = 12
  const ids: Id[] = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? i + 1 : `${i}`))
  const runs = ids.map((id, i) => ({ id, x: random(i + 1, [T_x, (i % 3) + 1, 4], 2) as unknown[], at: 0 }))
  const parts = new Map<Id, Promise<Float32Array[]>[]>(ids.map((id) => [id, []]))
  const send = (to: Service, upTo: number) => {
    const open = runs.filter(({ at }) => at < upTo)
    while (open.length > 0) {
      const which = Math.floor(Math.random() * open.length)
      const run = open[which]
      const length = Math.min(upTo - run.at, 1 + Math.floor(Math.random() * 4))
      const sent = message(run.x.slice(run.at, run.at + length), run.id, run.at === 0 ? 'start' : 'go')
      parts.get(run.id)!.push(post(to, sent).then(valuesOf))
      run.at += length
      if (run.at >= upTo) open.splice(which, 1)
    }
    return Promise.all([...parts.values()].flat())
  }
  await send(service, 7)
  t.equal(service.app.sequences.size, 200)
  for (const [i, id] of ids.entries()) {
    const url = `/v2/models/p/sequences/${id}?type=${typeof id === 'number' ? 'number' : 'text'}`
    const exported = await service.ask({ method: 'GET', url: `${url}&encoding=${i % 4 < 2 ? 'nested' : 'base64'}` })
    t.equal(exported.json.steps, 7)
    t.equal((await other.ask({ method: 'PUT', url, body: exported.json })).status, 204)
  }
  await send(other, T_x)
  for (const { id, x } of runs) {
    t.strictSame(joined(await Promise.all(parts.get(id)!)), await unsplit(service, x), String(id))
  }
})

t.test('50 requests of one id, pipelined over one connection, are answered in their order', async (t) => {
  const service = await startService(t)
  await put(service, randomSet(2, 3, 40, 2))
  await service.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = service.app.server.address() as AddressInfo
  const x = random(5, [50, 1, 3], 2) as unknown[]
  const requests = x.map((step, i) => {
    const { body, headers } = inferBody(message([step], 'burst', i === 0 ? 'start' : i === 49 ? 'end' : 'go', false))
    const head = `POST /v2/models/p/infer HTTP/1.1\r\nhost: x\r\ncontent-type: ${headers['content-type']}\r\ncontent-length: ${body.length}\r\n\r\n`
    return Buffer.concat([Buffer.from(head), body])
  })
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(Buffer.concat(requests))
  let text = ''
  const answers: number[] = []
  for await (const piece of socket) {
    text += piece
    for (;;) {
      const head = text.indexOf('\r\n\r\n')
      const length = Number(/content-length: (\d+)/i.exec(text.slice(0, head))?.[1])
      if (head < 0 || text.length < head + 4 + length) break
      const { outputs } = JSON.parse(text.slice(head + 4, head + 4 + length))
      answers.push(...outputs[0].data)
      text = text.slice(head + 4 + length)
    }
    if (answers.length >= 50 * 40) break
  }
  t.strictSame([...Float32Array.from(answers)], (await unsplit(service, x))[0])
  t.equal(service.app.sequences.size, 0)
})

t.test('workers that end in the middle change no bit', async (t) => {
  const workers: Worker[] = []
  const note = (worker: Worker) => workers.push(worker)
  process.on('worker', note)
  t.teardown(() => process.removeListener('worker', note))
  const service = await startService(t)
  await put(service, randomSet(2, 3, 64, 2))
  const runs = Array.from({ length: 10 }, (_, i) => random(i + 1, [25, 20, 3], 2) as unknown[])
  const parts = runs.map((x, i) =>
    x.map((step, at) => post(service, message([step], i + 1, at === 0 ? 'start' : 'go')).then(valuesOf))
  )
  for (const at of [3, 10]) {
    await parts[0][at]
    await workers.at(-1)!.terminate()
  }
  for (const [i, x] of runs.entries()) {
    t.strictSame(joined(await Promise.all(parts[i])), await unsplit(service, x))
  }
  t.ok(service.app.pool.restarts.count > 0)
})

t.test('what is refused leaves the sequence as it was', async (t) => {
  const service = await startService(t)
  const set = randomSet(2, 3, 5, 2)
  await put(service, set)
  const x = random(5, [4, 2, 3], 2) as unknown[]
  const refused = async (sent: Message, status: number, code: string, text: RegExp, model?: string) => {
    const { status: got, json } = await post(service, sent, model)
    t.strictSame([got, json.code], [status, code], String(text))
    t.match(json.error, text)
  }
  const missing =
    /^inference request for sequence ID to model 'p' must specify the START flag on the first request of the sequence/
  await refused(message(x, 7, 'go'), 400, 'LSTM_ERR_SEQUENCE_START', missing)
  await refused(message(x, 7, 'end'), 400, 'LSTM_ERR_SEQUENCE_START', missing)
  await refused(message(x, 7, 'start'), 404, 'LSTM_ERR_UNKNOWN_MODEL', /unknown model: 'none'/, 'none')
  const first = valuesOf(await post(service, message(x.slice(0, 2), 7, 'start')))
  await refused(
    message(random(1, [1, 3, 3]) as unknown[], 7, 'go'),
    400,
    'LSTM_ERR_SEQUENCE_COLUMNS',
    /m = 3 columns; expected m = 2/
  )
  await refused(message(random(1, [1, 2, 4]) as unknown[], 7, 'go'), 400, 'LSTM_ERR_SHAPE_MISMATCH', /n_x/)
  await refused(message(random(1, [1, 2, 4]) as unknown[], 7, 'start'), 400, 'LSTM_ERR_SHAPE_MISMATCH', /n_x/)
  const { version } = (await put(service, randomSet(3, 3, 5, 2))).json
  await refused(
    message(x.slice(2), 7, 'go'),
    400,
    'LSTM_ERR_SEQUENCE_SET_REPLACED',
    new RegExp(`began with version ".*"${version}" now`)
  )
  const url = '/v2/models/p/sequences/7'
  t.match((await service.ask({ method: 'GET', url })).json, { code: 'LSTM_ERR_SEQUENCE_SET_REPLACED' })
  await service.ask({ method: 'DELETE', url: '/parameters/p' })
  await refused(message(x.slice(2), 7, 'go'), 404, 'LSTM_ERR_UNKNOWN_MODEL', /unknown model/)
  await put(service, set)
  const second = valuesOf(await post(service, message(x.slice(2), 7, 'go')))
  t.strictSame(joined([first, second]), await unsplit(service, x), 'with the set of its beginning it goes on')
  await put(service, exportModel(randomModels.bidirectional, 'json'))
  await refused(message(random(1, [1, 1, 2]) as unknown[], 8, 'start'), 400, 'LSTM_ERR_REVERSE_SEQUENCE', /layer 0/)
})

t.test('ids are told apart as they are, and bad ones refused', async (t) => {
  const service = await startService(t)
  await put(service, randomSet(2, 1, 2, 2))
  const x = [[[1]]]
  const raw = (id: string, flags = '"sequence_start":true', key = 'sequence_id') =>
    service.ask({
      url: '/v2/models/p/infer',
      body: `{"parameters":{"${key}":${id},${flags}},"inputs":[{"name":"x","shape":[1,1,1],"datatype":"FP32","data":[1]}]}`
    })
  const ids = [
    '7',
    '"7"',
    '9007199254740993',
    '9007199254740992',
    '18446744073709551615',
    '"ü/?%#\\n\\u0000"',
    `"${'x'.repeat(128)}"`
  ]
  for (const id of ids) t.equal((await raw(id)).status, 200, id)
  t.equal((await raw('"escaped"', '"sequence_start":true', 'sequence\\u005fid')).status, 200)
  t.equal(service.app.sequences.size, ids.length + 1)
  for (const id of ['0', '""']) t.equal((await raw(id)).status, 200)
  for (const id of ['-1', '1.5', '18446744073709551616', 'true', 'null', '{}', '[1]', `"${'x'.repeat(129)}"`]) {
    const { status, json } = await raw(id)
    t.equal(status, 400, id)
    t.match(json.error, /sequence_id is/)
  }
  for (const flags of ['"sequence_start":1', '"sequence_start":true,"sequence_end":"yes"']) {
    t.equal((await raw('99', flags)).status, 400)
  }
  t.equal(service.app.sequences.size, ids.length + 1)

  const listed: string[] = []
  let after = ''
  for (let page = 0; page < 9; page++) {
    const { json } = await service.ask({ method: 'GET', url: `/v2/models/p/sequences?limit=3${after}` })
    listed.push(...json.sequences.map(({ id, type }: { id: string; type: string }) => `${type} ${id}`))
    if (json.next === undefined) break
    after = `&after=${encodeURIComponent(json.next)}`
  }
  t.strictSame(listed.slice(0, 5), [
    'number 7',
    'number 9007199254740992',
    'number 9007199254740993',
    'number 18446744073709551615',
    'text 7'
  ])
  t.equal(listed.length, ids.length + 1)
  for (const each of listed) {
    const [type, id] = [each.split(' ')[0], each.slice(each.indexOf(' ') + 1)]
    const url = `/v2/models/p/sequences/${encodeURIComponent(id)}?type=${type}`
    t.match((await service.ask({ method: 'GET', url })).json, { id, type, m: 1, steps: 1 })
    t.equal((await service.ask({ method: 'DELETE', url })).status, 204)
    t.equal((await service.ask({ method: 'DELETE', url })).status, 404)
  }
  t.equal(service.app.sequences.bytes, 0)
  t.equal((await post(service, message(x, 7, 'go'))).status, 400)
})

t.test('what is put in as a state has to be one of the set', async (t) => {
  const service = await startService(t)
  await put(service, exportModel(randomModel(3, 2, [{ n_a: 4, n_p: 3 }, { n_a: 2 }]), 'json'))
  await post(service, message(random(1, [5, 2, 2]) as unknown[], 'from', 'start'))
  const url = '/v2/models/p/sequences/'
  const { json: good } = await service.ask({ method: 'GET', url: `${url}from?encoding=nested` })
  t.match(good, { steps: 5, m: 2, id: 'from', type: 'text', model: 'p' })
  t.equal((await service.ask({ method: 'PUT', url: `${url}to`, body: good })).status, 204)
  const next = random(2, [3, 2, 2]) as unknown[]
  t.strictSame(
    valuesOf(await post(service, message(next, 'to', 'go'))),
    valuesOf(await post(service, message(next, 'from', 'go')))
  )
  const before = (await service.ask({ method: 'GET', url: `${url}to` })).json.states
  const [layer, top] = good.states
  const base64 = (values: number[]) => Buffer.from(Float32Array.from(values).buffer).toString('base64')
  for (const [change, code, text] of [
    [{ set_version: 'other' }, 'LSTM_ERR_SEQUENCE_SET_REPLACED', /began with version "other"/],
    [{ m: 3 }, 'LSTM_ERR_SHAPE_MISMATCH', /\/states\/0\/a has shape \(2, 3\); expected \(m, n_h\) = \(3, 3\)/],
    [{ m: 0 }, 'LSTM_ERR_INVALID_BODY', /\/m/],
    [{ steps: -1 }, 'LSTM_ERR_INVALID_BODY', /\/steps/],
    [{ states: [layer] }, 'LSTM_ERR_INVALID_BODY', /has 1 elements; expected 2/],
    [{ states: [top, layer] }, 'LSTM_ERR_INVALID_BODY', /expected layer 0 forward/],
    [{ states: [{ ...layer, c: layer.a }, top] }, 'LSTM_ERR_SHAPE_MISMATCH', /\(m, n_a\) = \(2, 4\)/],
    [
      {
        states: [
          {
            ...layer,
            a: [
              [1, 2, 1e39],
              [1, 2, 3]
            ]
          },
          top
        ]
      },
      'LSTM_ERR_NON_FINITE',
      /a\[0\]\[2\] is Infinity/
    ],
    [
      {
        states: [
          {
            ...layer,
            a: [
              [1, 2, null],
              [1, 2, 3]
            ]
          },
          top
        ]
      },
      'LSTM_ERR_BAD_TENSOR',
      /expected a number/
    ],
    [{ states: [{ ...layer, a: 'x' }, top] }, 'LSTM_ERR_BAD_TENSOR', /nested arrays of numbers, or/],
    [{ states: [{ ...layer, a: null }, top] }, 'LSTM_ERR_BAD_TENSOR', /nested arrays of numbers, or/],
    [{ states: [{ ...layer, a: { shape: [3, 2], data: '' } }, top] }, 'LSTM_ERR_SHAPE_MISMATCH', /\(3, 2\)/],
    [{ states: [{ ...layer, a: { shape: [2, 3], data: '????' } }, top] }, 'LSTM_ERR_BAD_BASE64', /alphabet/],
    [
      { states: [{ ...layer, a: { shape: [2, 3], data: base64([1]) } }, top] },
      'LSTM_ERR_BAD_BASE64',
      /4 bytes; expected 24/
    ],
    [
      { states: [{ ...layer, a: { shape: [2, 3], data: base64([1, 2, 3, 4, Number.NaN, 6]) } }, top] },
      'LSTM_ERR_NON_FINITE',
      /a\[1\]\[1\] is NaN/
    ]
  ] as const) {
    const { status, json } = await service.ask({ method: 'PUT', url: `${url}to`, body: { ...good, ...change } })
    t.strictSame([status, json.code], [400, code], String(text))
    t.match(json.error, text)
  }
  for (const body of ['', '{', '[]', 'null', Buffer.from([0xff])]) {
    t.equal((await service.ask({ method: 'PUT', url: `${url}to`, body })).status, 400)
  }
  t.strictSame((await service.ask({ method: 'GET', url: `${url}to` })).json.states, before)
  const other = { ...good, set_version: 'other' }
  t.equal((await service.ask({ method: 'PUT', url: `${url}to?any_version=true`, body: other })).status, 204)
  for (const bad of ['0', '00', '18446744073709551616', 'x?type=number', 'x?type=no']) {
    t.equal((await service.ask({ method: 'PUT', url: url + bad, body: good })).status, 400, bad)
  }
})

t.test('limits, expiry and what the metrics say of them', async (t) => {
  const service = await startService(t, { maxSequences: 2, sequenceIdleMs: 150 })
  await put(service, randomSet(2, 1, 2, 2))
  const x = [[[1]]]
  for (const id of [1, 2]) t.equal((await post(service, message(x, id, 'start'))).status, 200)
  const { status, json, headers } = await post(service, message(x, 3, 'start'))
  t.equal(status, 429)
  t.match(json.error, /the running sequences would be more than 2, the limit set by LSTM_MAX_SEQUENCES/)
  t.ok(headers['retry-after'])
  const metric = async (name: string) =>
    Number(new RegExp(`^${name} (.*)$`, 'm').exec((await service.app.inject('/metrics')).body)?.[1])
  t.equal(await metric('lstm_sequences'), 2)
  t.equal(await metric('lstm_sequence_bytes'), 2 * (STATE_HEAD_BYTES + 4 * 4))
  t.equal(await metric('lstm_sequences_refused_total'), 1)
  await new Promise((resolve) => setTimeout(resolve, 400))
  t.equal(await metric('lstm_sequences'), 0)
  t.equal(await metric('lstm_sequences_expired_total'), 2)
  const late = await post(service, message(x, 1, 'go'))
  t.equal(late.status, 400)
  t.match(late.json.error, /^sequence 1 of model 'p' expired at 20.*Z, 150 ms/)
  t.equal((await post(service, message(x, 1, 'start'))).status, 200)
})

t.test('a request whose deadline passes while it waits is answered, and those behind it go on', async (t) => {
  const service = await startService(t)
  await put(service, randomSet(2, 2, 300, 2))
  const long = random(1, [3000, 4, 2]) as unknown[]
  const ask = (x: unknown[], flags: Flags, headers = {}) => {
    const { body, headers: own } = inferBody(message(x, 1, flags))
    return service.ask({ url: '/v2/models/p/infer', body, headers: { ...own, ...headers } })
  }
  const first = ask(long, 'start')
  const second = ask(long.slice(0, 1), 'go', { 'x-request-timeout-ms': '1' })
  const third = ask(long.slice(0, 1), 'go')
  t.equal((await second).json.code, 'LSTM_ERR_DEADLINE')
  const answers = await Promise.all([first, third])
  const whole = await unsplit(service, [...long, long[0]])
  t.strictSame(joined(answers.map(valuesOf)), whole)
  t.equal(service.app.pool.admission.secondsToIdle, 1)
})
