import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { example, fixture } from '../../fixtures.ts'
import { type Service, startService } from '../../service.ts'
import { randomSet } from '../../tensors.ts'

/** What Triton's tests of model control ask: index, load, unload, and loads that fail. */

const base64 = (bytes: Uint8Array | object) =>
  (bytes instanceof Uint8Array ? Buffer.from(bytes) : Buffer.from(JSON.stringify(bytes))).toString('base64')

const repository = ({ ask }: Service) => ({
  index: async (body?: unknown) => (await ask({ url: '/v2/repository/index', body })).json,
  load: (name: string, parameters?: Record<string, unknown>) =>
    ask({ url: `/v2/repository/models/${name}/load`, body: parameters && { parameters } }),
  unload: (name: string, body?: unknown) => ask({ url: `/v2/repository/models/${name}/unload`, body }),
  version: async (name: string) => (await ask({ method: 'GET', url: `/v2/models/${name}` })).json.versions?.[0],
  infers: async (name: string, n_x: number) => {
    const inputs = [{ name: 'x', shape: [n_x, 1, 1], datatype: 'FP32', data: new Array(n_x).fill(0.5) }]
    return (await ask({ url: `/v2/models/${name}/infer`, body: { inputs } })).status
  }
})

t.test('a set that is only in memory comes back as it was, and can be used all the while it is there', async (t) => {
  const service = await startService(t)
  const { index, load, unload, version, infers } = repository(service)
  const { json: put } = await service.ask({
    method: 'PUT',
    url: '/parameters/p?precision=int8',
    body: randomSet(1, 8, 9, 2)
  })
  await service.load('digits')
  for (let round = 0; round < 3; round++) {
    const answer = await unload('p', { parameters: { unload_dependents: true } })
    t.equal(answer.status, 200)
    t.equal(answer.bytes.length, 0)
    t.strictSame(await index(), [
      { name: 'digits', version: await version('digits'), state: 'READY', reason: '' },
      { name: 'p', version: put.version, state: 'UNAVAILABLE', reason: 'unloaded' }
    ])
    t.strictSame(
      (await index({ ready: true })).map(({ name }: { name: string }) => name),
      ['digits']
    )
    t.equal((await index({ ready: false })).length, 2)
    t.equal(await infers('p', 8), 404)
    const ready = await service.ask({ method: 'GET', url: '/v2/models/p/ready' })
    t.equal(ready.status, 404)
    t.equal((await service.ask({ method: 'GET', url: '/v2/models/p' })).status, 404)
    t.equal((await service.ask({ method: 'GET', url: '/parameters/p' })).status, 404)
    const loaded = await load('p')
    t.equal(loaded.status, 200)
    t.equal(loaded.bytes.length, 0)
    t.equal(await infers('p', 8), 200)
    t.strictSame((await service.ask({ method: 'GET', url: '/parameters/p' })).json, put)
  }
  t.equal((await load('p', {})).status, 200, 'to load what is there changes nothing')
  t.equal(await version('p'), put.version)
})

t.test('to unload what is not there is no error', async (t) => {
  const { index, unload } = repository(await startService(t))
  for (const name of ['none', 'a%2Fb', '__proto__']) t.equal((await unload(name)).status, 200)
  t.strictSame(await index(), [])
})

t.test('what was unloaded can be put in anew and deleted', async (t) => {
  const service = await startService(t)
  const { index, load, unload } = repository(service)
  const put = () => service.ask({ method: 'PUT', url: '/parameters/p', body: randomSet(1, 1, 1, 1) })
  await put()
  await unload('p')
  t.equal((await put()).status, 201)
  t.equal((await index())[0].state, 'READY')
  await unload('p')
  t.equal((await service.ask({ method: 'DELETE', url: '/parameters/p', headers: { 'if-match': '"x"' } })).status, 412)
  t.equal((await service.ask({ method: 'DELETE', url: '/parameters/p' })).status, 204)
  t.strictSame(await index(), [])
  t.equal((await load('p')).status, 400)
  t.equal((await service.ask({ method: 'DELETE', url: '/parameters/p' })).status, 404)
})

t.test('a file of any format comes along with what it does not say itself', async (t) => {
  const service = await startService(t)
  const { load, version } = repository(service)
  for (const [file, settings, native] of [
    ['examples/digits.npz', {}, '/parameters/other'],
    ['pytorch/plain.pt', { head_activation: { string_value: 'sigmoid' } }, '/parameters/other?head_activation=sigmoid'],
    ['pytorch/two_lstms.pt', { prefix: 'b.', precision: { string_value: 'bfloat16' } }, undefined],
    ['keras/stack.keras', {}, '/parameters/other'],
    ['onnx/plain.onnx', { precision: 'int8' }, '/parameters/other?precision=int8']
  ] as const) {
    const bytes = file.startsWith('examples') ? example('digits/parameters.npz') : fixture(file)
    const config = JSON.stringify({ backend: 'any', max_batch_size: 8, parameters: settings })
    const { status, json } = await load('m', { config, [`file:1/${file}`]: base64(bytes) })
    if (native === undefined) {
      t.equal(status, 400)
      t.match(
        json.error,
        /^failed to load 'm', no LSTM of this file is called "b\."/,
        'the setting has reached the reader'
      )
      continue
    }
    t.equal(status, 200, `${file}: ${json?.error}`)
    const headers = { 'content-type': 'application/octet-stream' }
    const put = await service.ask({ method: 'PUT', url: native, body: bytes, headers })
    t.equal(await version('m'), put.json.version, `${file} is read as PUT reads it`)
  }
})

t.test('a load that fails says why, and the old set goes on serving', async (t) => {
  const service = await startService(t)
  const { load, version, infers, index } = repository(service)
  await service.ask({ method: 'PUT', url: '/parameters/m', body: randomSet(1, 3, 4, 2) })
  const before = await version('m')
  const good = base64(randomSet(2, 3, 4, 2))
  const bad: [Record<string, unknown>, RegExp][] = [
    [{ 'file:1/m': '@@@@' }, /"file:1\/m" is not base64: "@" at character 0/],
    [{ 'file:1/m': good.slice(0, -3) }, /not whole groups of four/],
    [{ 'file:1/m': `${good.slice(0, 40)}=${good.slice(41)}` }, /not base64: "=" at character 40/],
    [{ 'file:1/m': `${good.slice(0, 40)}ł${good.slice(41)}` }, /not (base64|whole)/],
    [{ 'file:1/m': good.replaceAll('A', '-') }, /not base64: "-"/],
    [{ 'file:1/m': '' }, /./],
    [{ 'file:1/m': '====' }, /not base64/],
    [{ 'file:1/m': base64(Buffer.from('no model')) }, /./],
    [{ 'file:1/m': base64({ ...randomSet(1, 3, 4, 2), Wf: [[1]] }) }, /Wf has shape \(1, 1\)/],
    [{ 'file:1/m': 7 }, /the parameter "file:1\/m" is not a string/],
    [{ 'file:1/m': good, 'file:2/m': good }, /one file makes a model/],
    [{ 'file:1/m': good, other: 'x' }, /"other" is not a known parameter; config and file:<path> are/],
    [{ config: '{' }, /config is not JSON/],
    [{ config: '[]' }, /config is not a JSON object/],
    [{ config: '{"parameters":{"prefx":"x"}}', 'file:1/m': good }, /\/prefx is not a known field/],
    [{ config: '{"parameters":{"head_activation":"relu"}}', 'file:1/m': good }, /\/head_activation must be one of/],
    [{ config: '{"parameters":[]}', 'file:1/m': good }, /parameters of config is not an object/],
    [{ config: '{"sequence_batching":{},"dynamic_batching":{}}' }, /has one of them/],
    [{ config: '{"parameters":{"head":"none"}}' }, /it is in memory only/]
  ]
  for (const [parameters, reason] of bad) {
    const { status, json } = await load('m', parameters)
    t.equal(status, 400, JSON.stringify(parameters).slice(0, 80))
    t.equal(json.code, 'LSTM_ERR_LOAD_FAILED')
    t.match(json.error, /^failed to load 'm', (?!failed to load)/)
    t.match(json.error, reason)
  }
  for (const body of ['{', '[]', '7', '{"parameters":[]}', '{"parameters":{}} x', '{"other":{}}', '\xff']) {
    const { status, json } = await service.ask({ url: '/v2/repository/models/m/load', body })
    t.equal(status, 400, body)
    t.match(json.error, /^failed to load 'm', /)
  }
  t.equal(await version('m'), before)
  t.equal(await infers('m', 3), 200)
  t.equal((await index()).length, 1)

  const unknown = await load('unknown_model')
  t.match(unknown.json.error, /^failed to load 'unknown_model', failed to poll from model repository/)
  const name = await load('a%2Fb', { 'file:1/m': good })
  t.match(name.json.error, /^failed to load 'a\/b', "a\/b" is not a name/)
})

t.test('a body that is too large, and bodies of the others that are none', async (t) => {
  const { ask } = await startService(t, { maxParametersBytes: 10_000 })
  const large = await ask({
    url: '/v2/repository/models/m/load',
    body: { parameters: { 'file:m': 'A'.repeat(20_000) } }
  })
  t.equal(large.status, 413)
  t.match(large.json.error, /LSTM_MAX_PARAMETERS_BYTES/)
  for (const url of ['/v2/repository/index', '/v2/repository/models/m/unload']) {
    for (const body of ['{', '[]', '7', 'null', ' ', '\n', '\ufeff{}', '\u00a0{}']) {
      const { status, json } = await ask({ url, body })
      t.equal(status, 400)
      t.type(json.error, 'string')
    }
    t.equal((await ask({ url, body: '' })).status, 200)
  }
  const { json } = await ask({ url: '/v2/repository/index', body: { ready: 'yes' } })
  t.match(json, { error: '/ready must be boolean', errors: [{ path: '/ready' }] })
  const url = '/v2/repository/models/m/unload'
  for (const parameters of [7, [], { unload_dependents: 1 }])
    t.equal((await ask({ url, body: { parameters } })).status, 400)
})

t.test('with a folder of sets, to unload leaves the file, and to load or a restart brings it back', async (t) => {
  const dataDir = t.testdir()
  const first = await startService(t, { dataDir })
  const { index, load, unload, version } = repository(first)
  const { json: put } = await first.ask({ method: 'PUT', url: '/parameters/Mine', body: randomSet(1, 2, 3, 2) })
  t.equal((await load('sent', { 'file:1/m.json': base64(randomSet(2, 2, 3, 2)) })).status, 200)
  const sent = await version('sent')
  await unload('Mine')
  await unload('sent')
  t.strictSame(
    readdirSync(dataDir)
      .filter((file) => file.endsWith('.set'))
      .sort(),
    ['+mine.set', 'sent.set']
  )
  t.equal((await load('Mine')).status, 200)
  t.strictSame((await first.ask({ method: 'GET', url: '/parameters/Mine' })).json, put)
  const config = JSON.stringify({ parameters: { precision: { string_value: 'int8' } } })
  t.equal((await load('Mine', { config })).status, 200, 'read again in another way')
  t.equal((await first.ask({ method: 'GET', url: '/parameters/Mine' })).json.precision, 'int8')
  await unload('Mine')
  t.strictSame(
    (await index()).map(({ state }: { state: string }) => state),
    ['UNAVAILABLE', 'UNAVAILABLE']
  )
  await first.app.close()

  const second = await startService(t, { dataDir })
  t.equal(await repository(second).version('sent'), sent)
  t.strictSame((await second.ask({ method: 'GET', url: '/parameters/Mine' })).json, put, 'as it was put in')
  await repository(second).unload('sent')
  t.equal((await second.ask({ method: 'DELETE', url: '/parameters/sent' })).status, 204)
  t.strictSame(
    readdirSync(dataDir).filter((file) => file.endsWith('.set')),
    ['+mine.set']
  )
})

t.test('a file that was damaged since does not replace what serves', async (t) => {
  const dataDir = t.testdir()
  const service = await startService(t, { dataDir })
  const { load, unload, infers, index } = repository(service)
  await service.ask({ method: 'PUT', url: '/parameters/p', body: randomSet(1, 2, 3, 2) })
  writeFileSync(join(dataDir, 'p.set'), 'something else')
  const { status, json } = await load('p')
  t.equal(status, 400)
  t.match(json.error, /^failed to load 'p', set file: it does not begin with/)
  t.equal(await infers('p', 2), 200)
  await unload('p')
  t.equal((await load('p')).status, 400)
  t.match(await index(), [{ name: 'p', state: 'UNAVAILABLE', reason: 'unloaded' }])
})

t.test('a folder of models is read again', async (t) => {
  const folder = t.testdir()
  mkdirSync(join(folder, 'm'))
  const modelsDir = join(folder, 'm')
  writeFileSync(join(modelsDir, 'good.pt'), fixture('pytorch/plain.pt'))
  writeFileSync(join(modelsDir, 'bad.pt'), 'nothing')
  writeFileSync(join(modelsDir, 'good.safetensors'), fixture('pytorch/plain.safetensors'))
  const service = await startService(t, { modelsDir })
  const { index, load, unload, version } = repository(service)
  t.match(await index(), [
    { name: 'good', state: 'READY' },
    { name: 'bad', version: '', state: 'UNAVAILABLE', reason: /./ },
    { name: 'good.safetensors', state: 'UNAVAILABLE', reason: /give one of them another name/ }
  ])
  const before = await version('good')
  await unload('good')
  t.equal((await load('good')).status, 200)
  t.equal(await version('good'), before)
  t.equal((await load('bad')).status, 400)
  writeFileSync(join(modelsDir, 'bad.pt'), fixture('pytorch/two_layers.pt'))
  writeFileSync(join(modelsDir, 'late.npz'), example('words/parameters.npz'))
  t.equal((await load('bad')).status, 200)
  t.equal((await load('late')).status, 200)
  t.strictSame(
    (await index({ ready: true })).map(({ name }: { name: string }) => name),
    ['bad', 'good', 'late']
  )
  t.equal((await service.ask({ method: 'GET', url: '/parameters' })).json.not_loaded.length, 1)
  await service.ask({ method: 'PUT', url: '/parameters/late', body: randomSet(1, 1, 1, 1) })
  const put = await version('late')
  await unload('late')
  await load('late')
  t.equal(await version('late'), put, 'what was unloaded comes back, not the file that it had replaced')
  await load('late')
  t.not(await version('late'), put, 'to load what serves reads its file')
})

t.test('the configuration says what a load has said of sequences', async (t) => {
  const service = await startService(t)
  const { load, unload } = repository(service)
  await service.ask({ method: 'PUT', url: '/parameters/p', body: randomSet(1, 1, 1, 1) })
  const scheduling = async () => {
    const { json } = await service.ask({ method: 'GET', url: '/v2/models/p/config' })
    return Object.keys(json).filter((key) => key.endsWith('_batching'))
  }
  t.strictSame(await scheduling(), ['sequence_batching'])
  await load('p', { config: '{"dynamic_batching":{}}' })
  t.strictSame(await scheduling(), ['dynamic_batching'])
  await load('p', { config: '{"sequence_batching":{}}' })
  t.strictSame(await scheduling(), ['sequence_batching'])
  await load('p', { config: '{"dynamic_batching":{}}', 'file:1/m.json': base64(randomSet(3, 1, 1, 1)) })
  t.strictSame(await scheduling(), ['dynamic_batching'])
  await unload('p')
  await load('p')
  t.strictSame(await scheduling(), ['sequence_batching'], 'until the next load')
})
