import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { setNameOf } from '../../src/parameters/models-folder.ts'
import { fixture } from '../fixtures.ts'
import { startService } from '../service.ts'

t.test('a folder of models is read at start, and what cannot be read is told and stops nothing', async (t) => {
  const folder = t.testdir()
  const put = (name: string, bytes: Uint8Array) => writeFileSync(join(folder, name), bytes)
  put('mine.pt', fixture('pytorch/three_bidirectional.pt'))
  put('keras.weights.h5', fixture('keras/stack.weights.h5'))
  put('plain.onnx', fixture('onnx/plain.onnx'))
  put('two.pt', fixture('pytorch/two_lstms.pt'))
  put('call.pt', fixture('pytorch/refused_call.pt'))
  put('mine.safetensors', fixture('pytorch/three_bidirectional.safetensors'))
  put('not a name.pt', fixture('pytorch/plain.pt'))
  put('notes.txt', Buffer.from('read me'))
  put('.hidden.pt', Buffer.from('nothing'))
  mkdirSync(join(folder, 'more.pt'))

  const { ask } = await startService(t, { modelsDir: folder })
  const { json } = await ask({ method: 'GET', url: '/parameters' })
  t.strictSame(
    json.parameters.map(({ name }: { name: string }) => name),
    ['keras', 'mine', 'plain']
  )
  const reasons = Object.fromEntries(
    json.not_loaded.map(({ file, reason }: { file: string; reason: string }) => [file, reason])
  )
  t.match(reasons, {
    'two.pt': /several LSTMs in this file/,
    'call.pt': /posix\.system/,
    'mine.safetensors': /mine\.pt is the set mine already: give one of them another name/,
    'not a name.pt': /"not a name" is not a name/,
    'notes.txt': /./
  })
  t.equal(json.not_loaded.length, 5, 'neither hidden files nor folders')
  const ready = await ask({ method: 'GET', url: '/health/ready' })
  t.match(ready.json, { ready: true, parameter_sets: 3, parameter_sets_not_loaded: 5 })
  const { status } = await ask({ url: '/sequence', body: { parameters: 'plain', x: [[[1]], [[2]], [[3]]] } })
  t.equal(status, 200)
})

t.test('a set that was put in since is not replaced by the file', async (t) => {
  const folder = t.testdir({ models: {}, data: {} })
  writeFileSync(join(folder, 'models/p.pt'), fixture('pytorch/plain.pt'))
  const settings = { modelsDir: join(folder, 'models'), dataDir: join(folder, 'data') }
  const first = await startService(t, settings)
  const headers = { 'content-type': 'application/octet-stream' }
  const body = fixture('pytorch/two_layers.pt')
  const put = await first.ask({ method: 'PUT', url: '/parameters/p', body, headers })
  t.equal(put.status, 200, 'the one of the file is replaced')
  await first.app.close()
  const again = await startService(t, settings)
  const { json } = await again.ask({ method: 'GET', url: '/parameters/p' })
  t.equal(json.version, put.json.version)
})

t.test('a folder that is not there is said at start', async (t) => {
  await t.rejects(startService(t, { modelsDir: '/nowhere/at/all' }), {
    message: /LSTM_MODELS_DIR cannot be read: ENOENT/
  })
})

t.test('names of sets', async (t) => {
  t.strictSame(['a.pt', 'a.weights.h5', 'a.b.onnx', 'a'].map(setNameOf), ['a', 'a', 'a.b', 'a'])
})

t.test('the set of the only file can be given a name', async (t) => {
  const folder = t.testdir({ '.hidden': '' })
  writeFileSync(join(folder, 'model.pt'), fixture('pytorch/plain.pt'))
  const settings = { modelsDir: folder, modelName: 'my-lstm' }
  const { ask } = await startService(t, settings)
  const names = async () => (await ask({ method: 'GET', url: '/v2/models' })).json.models
  t.strictSame(await names(), ['my-lstm'])
  await ask({ url: '/v2/repository/models/my-lstm/unload' })
  t.strictSame(await names(), [])
  t.equal((await ask({ url: '/v2/repository/models/my-lstm/load' })).status, 200)
  t.strictSame(await names(), ['my-lstm'])
  writeFileSync(join(folder, 'second.pt'), 'nothing')
  await t.rejects(startService(t, settings), {
    message: 'LSTM_MODEL_NAME names the set of one file; LSTM_MODELS_DIR has 2: model.pt, second.pt'
  })
})

t.test('a file that cannot be read is known by the name that its set would have had', async (t) => {
  const modelsDir = t.testdir({ 'model.pt': 'nothing' })
  const { ask } = await startService(t, { modelsDir, modelName: 'my-lstm' })
  t.match((await ask({ url: '/v2/repository/index' })).json, [{ name: 'my-lstm', state: 'UNAVAILABLE' }])
  t.equal((await ask({ method: 'GET', url: '/v2/models/my-lstm/ready' })).status, 404)
})
