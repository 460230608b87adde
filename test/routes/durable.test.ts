import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readSetFile, writeSetFile } from '../../src/parameters/durable/set-file.ts'
import { fixture } from '../fixtures.ts'
import { startService } from '../service.ts'
import { randomSet } from '../tensors.ts'

/** The parameter routes over a folder: what has been acknowledged is there after a restart. */

const npz = { 'content-type': 'application/x-npz' }

t.test('sets outlive the service, with their version and the time they were put in', async (t) => {
  const dataDir = t.testdir()
  const first = await startService(t, { dataDir })
  const put = (name: string, body: unknown, headers = {}) =>
    first.ask({ method: 'PUT', url: `/parameters/${name}`, body, headers })
  t.equal((await put('json', randomSet(1, 3, 5, 2))).status, 201)
  t.equal((await put('json', randomSet(2, 3, 5, 2))).status, 200)
  t.equal((await put('Npz', fixture('npz/savez_compressed.npz'), npz)).status, 400, 'no ten arrays are in it')
  t.equal((await put('A', randomSet(3, 1, 1, 1))).status, 201)
  t.equal((await put('a', randomSet(4, 1, 1, 1))).status, 201)
  t.equal((await put('gone', randomSet(5, 1, 1, 1))).status, 201)
  t.equal((await first.ask({ method: 'DELETE', url: '/parameters/gone' })).status, 204)
  await first.load('digits')
  t.equal((await put('json', randomSet(6, 1, 1, 1), { 'if-none-match': '*' })).status, 412)
  const before = (await first.ask({ method: 'GET', url: '/parameters' })).json
  const weights = (
    await first.ask({ method: 'GET', url: '/parameters/digits/weights', headers: { accept: npz['content-type'] } })
  ).bytes
  t.notMatch(readdirSync(dataDir).join(), 'aside', 'nothing is left lying about')
  await first.app.close()

  const second = await startService(t, { dataDir, workers: 1 })
  t.strictSame((await second.ask({ method: 'GET', url: '/parameters' })).json, before)
  t.equal(before.parameters.length, 4)
  const again = await second.ask({
    method: 'GET',
    url: '/parameters/digits/weights',
    headers: { accept: npz['content-type'] }
  })
  t.ok(again.bytes.equals(weights), 'bit for bit')
  t.equal((await second.ask({ url: '/cell', body: { parameters: 'A', xt: [[1]] } })).status, 200)
})

t.test('a set is read again as its request said', async (t) => {
  const dataDir = t.testdir()
  const first = await startService(t, { dataDir })
  const url = '/parameters/small?precision=int8'
  const { json: put } = await first.ask({ method: 'PUT', url, body: randomSet(1, 8, 16, 2) })
  t.equal(put.precision, 'int8')
  await first.app.close()
  const second = await startService(t, { dataDir })
  t.strictSame((await second.ask({ method: 'GET', url: '/parameters/small' })).json, put)
})

t.test('a file from when versions were hexadecimal is read', async (t) => {
  const dataDir = t.testdir()
  const first = await startService(t, { dataDir, workers: 1 })
  const { json: put } = await first.ask({ method: 'PUT', url: '/parameters/p', body: randomSet(1, 1, 1, 1) })
  await first.app.close()
  const path = join(dataDir, 'p.set')
  const file = await readSetFile(path)
  const hexadecimal = BigInt(put.version).toString(16).padStart(16, '0')
  await writeSetFile(path, { ...file, version: `8${hexadecimal.slice(1)}` }) // the bit that decimal ones leave out
  const wrong = await startService(t, { dataDir, workers: 1 })
  const there = (await wrong.ask({ method: 'GET', url: '/parameters' })).json.parameters.length
  t.equal(there, hexadecimal.startsWith('0') ? 1 : 0, 'but not one of other content')
  await wrong.app.close()
  await writeSetFile(path, { ...file, version: hexadecimal })
  const second = await startService(t, { dataDir, workers: 1 })
  t.strictSame((await second.ask({ method: 'GET', url: '/parameters/p' })).json, put)
})

t.test('a damaged file is reported, never served, and can be replaced', async (t) => {
  const dataDir = t.testdir()
  const first = await startService(t, { dataDir })
  for (const name of ['good', 'torn', 'moved'])
    await first.ask({ method: 'PUT', url: `/parameters/${name}`, body: randomSet(1, 1, 1, 1) })
  await first.app.close()
  const torn = readFileSync(join(dataDir, 'torn.set'))
  writeFileSync(join(dataDir, 'torn.set'), torn.subarray(0, torn.length - 1))
  writeFileSync(join(dataDir, 'moved.set'), readFileSync(join(dataDir, 'good.set')))
  writeFileSync(join(dataDir, 'other.set'), 'not a set')

  const { ask } = await startService(t, { dataDir })
  const { json } = await ask({ method: 'GET', url: '/parameters' })
  t.strictSame(
    json.parameters.map(({ name }: { name: string }) => name),
    ['good']
  )
  t.match(
    json.not_loaded.sort((a: { file: string }, b: { file: string }) => (a.file < b.file ? -1 : 1)),
    [
      { file: 'moved.set', reason: 'it holds the set good, which belongs into good.set' },
      { file: 'other.set', reason: /does not begin with/ },
      { file: 'torn.set', reason: /torn or damaged/ }
    ]
  )
  t.match((await ask({ method: 'GET', url: '/health/ready' })).json, { ready: true, parameter_sets_not_loaded: 3 })
  t.equal((await ask({ url: '/cell', body: { parameters: 'torn', xt: [[1]] } })).status, 404)
  t.equal((await ask({ method: 'PUT', url: '/parameters/torn', body: randomSet(2, 1, 1, 1) })).status, 201)
  t.match((await ask({ method: 'GET', url: '/health/ready' })).json, { parameter_sets_not_loaded: 2 })
})

t.test('no room and a folder that fails are said, and the old set goes on serving', async (t) => {
  const dataDir = t.testdir()
  const { ask, app } = await startService(t, { dataDir, workers: 1 })
  const put = (seed: number) => ask({ method: 'PUT', url: '/parameters/p', body: randomSet(seed, 1, 1, 1) })
  const { json: old } = await put(1)
  const heap = await ask({ method: 'GET', url: '/parameters/p' })

  const { keep } = app.store.folder!
  Object.assign(app.store.folder!, {
    keep: (name: string) => ({ name, created: '', aside: '/dev/full' }),
    drop: async () => {}
  })
  const full = await put(2)
  t.equal(full.status, 507)
  t.match(full.json, { code: 'LSTM_ERR_STORAGE_FULL', detail: /write: ENOSPC/ })
  Object.assign(app.store.folder!, { keep: (name: string) => ({ name, created: '', aside: join(dataDir, 'none/x') }) })
  const broken = await put(2)
  t.equal(broken.status, 500)
  t.match(broken.json, { code: 'LSTM_ERR_STORAGE', detail: /open: ENOENT/ })
  t.strictSame((await ask({ method: 'GET', url: '/parameters/p' })).json, heap.json)
  t.equal((await ask({ url: '/cell', body: { parameters: 'p', xt: [[1]] } })).json.parameters.version, old.version)

  Object.assign(app.store.folder!, { keep, readOnly: true })
  const refused = await put(2)
  t.equal(refused.status, 500)
  t.match(refused.json.detail, /is read-only/)
  t.equal((await ask({ method: 'DELETE', url: '/parameters/p' })).status, 500)
  t.equal((await ask({ method: 'GET', url: '/parameters/p' })).status, 200)
})

t.test('changes of one name are made one after the other, and the last answer is what stays', async (t) => {
  const dataDir = t.testdir()
  const { ask, app } = await startService(t, { dataDir })
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, seed) =>
      seed % 5 === 4
        ? ask({ method: 'DELETE', url: '/parameters/p' })
        : ask({ method: 'PUT', url: '/parameters/p', body: randomSet(seed, 1, 1, 1) })
    )
  )
  for (const { status } of answers) t.match(status, /^(200|201|204|404)$/)
  const there = (await ask({ method: 'GET', url: '/parameters' })).json
  await app.close()
  const second = await startService(t, { dataDir })
  t.strictSame((await second.ask({ method: 'GET', url: '/parameters' })).json, there)
})

t.test('a second service on the folder does not start', async (t) => {
  const dataDir = t.testdir()
  await startService(t, { dataDir })
  await t.rejects(startService(t, { dataDir }), { message: /the folder is in use by process/ })
})
