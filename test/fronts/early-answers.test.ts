import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadDescriptors } from '../../src/fronts/descriptors.ts'
import { random, randomSet } from '../tensors.ts'
import { startThreads, until } from './threads.ts'

if (loadDescriptors() === undefined) {
  t.pass('without the native binary one thread takes requests')
  process.exit(0)
}

const line = (id: string, scopes: string) => `${id} ${scopes} ${createHash('sha256').update(id).digest('hex')}\n`
const keyed = (key: string) => ({ 'x-api-key': key })
const digit = { parameters: 'p', x: random(1, [8, 1, 20]) }

t.test('keys hold on every thread, also new ones', async (t) => {
  const apiKeysFile = join(t.testdir(), 'keys')
  writeFileSync(apiKeysFile, line('asker', 'infer') + line('keeper', 'manage'))
  const { app, lines } = await startThreads(t, 2, { apiKeysFile })
  const all = await lines()
  const ask = async (key: string, method: string, path: string, body?: unknown) => {
    const told = []
    for (const line of all) told.push((await line.ask({ method, path, body, headers: keyed(key) })).status)
    return told
  }
  t.strictSame(await ask('keeper', 'PUT', '/parameters/p', randomSet(1, 8, 16, 4)), [201, 200])
  for (let i = 0; i < 20; i++) t.strictSame(await ask('asker', 'POST', '/sequence', digit), [200, 200])
  t.ok(app.fronts.requests.of('sequence').statuses[0][1] > app.requestCounts.of('sequence').statuses[0][1])
  t.strictSame(await ask('keeper', 'POST', '/sequence', digit), [403, 403])
  t.strictSame(await ask('nobody', 'POST', '/sequence', digit), [401, 401])
  t.strictSame(await ask('asker', 'DELETE', '/parameters/p'), [403, 403])
  t.strictSame(await ask('asker', 'GET', '/metrics'), [403, 403])
  t.strictSame(await ask('nobody', 'GET', '/health/live'), [200, 200])

  writeFileSync(apiKeysFile, line('other', 'infer'))
  const known = async (key: string) => (await ask(key, 'POST', '/sequence', digit)).join()
  while ((await known('asker')) !== '401,401' || (await known('other')) !== '200,200') {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  t.strictSame(await ask('keeper', 'DELETE', '/parameters/p'), [401, 401])
})

t.test('an answer that comes before the body has is not lost, and the connection goes on', async (t) => {
  const apiKeysFile = join(t.testdir(), 'keys')
  writeFileSync(apiKeysFile, line('asker', 'infer'))
  const { lines } = await startThreads(t, 2, { apiKeysFile })
  const body = Buffer.alloc(2 ** 20, ' ')
  for (const line of await lines()) {
    for (let i = 0; i < 30; i++) {
      const { status } = await line.ask({ method: 'PUT', path: '/parameters/q', body })
      t.equal(status, 401)
      t.equal((await line.ask({ method: 'GET', path: '/health/live' })).status, 200)
    }
  }
})

t.test('a body that becomes too much while it arrives is refused in words on every thread', async (t) => {
  const { app, lines, socket } = await startThreads(t, 2, { maxPendingBytes: 1e6 })
  const both = await lines()
  const holding = await socket()
  holding.write(
    'PUT /parameters/q HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 900000\r\n\r\n'
  )
  holding.write(Buffer.alloc(800_000, ' '))
  await until(() => app.pool.admission.arrivingBytes >= 800_000)
  // in chunks: its head does not say how much will come
  const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }
  for (const line of both) {
    for (let i = 0; i < 10; i++) {
      const { status, text } = await line.ask({ path: '/sequence', body: Buffer.alloc(700_000, ' '), headers })
      t.equal(status, 429)
      t.match(text, 'LSTM_MAX_PENDING_BYTES')
    }
  }
})
