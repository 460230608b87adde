import t from 'tap'
import { exportModel } from '../../../src/parameters/exporters/export-model.ts'
import { STATE_HEAD_BYTES } from '../../../src/protocols/v2/state-head.ts'
import type { Message } from '../../infer-message.ts'
import { randomModel, randomModels } from '../../random-model.ts'
import { joined, message, post, put, unsplit, valuesOf } from '../../sequence-message.ts'
import { startService } from '../../service.ts'
import { random, randomSet } from '../../tensors.ts'

/** What sequences refuse, and what bounds them. */

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
  const service = await startService(t, { maxSequences: 2, sequenceIdleMs: 1000 })
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
  while ((await metric('lstm_sequences')) > 0) await new Promise((resolve) => setTimeout(resolve, 100))
  t.equal(await metric('lstm_sequences_expired_total'), 2)
  const late = await post(service, message(x, 1, 'go'))
  t.equal(late.status, 400)
  t.match(late.json.error, /^sequence 1 of model 'p' expired at 20.*Z, 1000 ms/)
  t.equal((await post(service, message(x, 1, 'start'))).status, 200)
})
