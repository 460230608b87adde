import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { SharedHeap } from '../../src/kernels/memory.ts'
import { type Service, startService } from '../service.ts'

/** What is refused, what is stopped, and that nothing of it is left. */

/** A sequence of the set digits that takes a while: (n_x, m, T_x) = (8, 1, T_x). */
const long = (T_x: number) => {
  const data = Buffer.alloc(8 * T_x * 4).toString('base64')
  return { parameters: 'digits', x: { shape: [8, 1, T_x], data }, outputs: ['a_last'] }
}
const heapOf = ({ app }: Service) => new SharedHeap((app.pool.sharedKernel as { memory: WebAssembly.Memory }).memory)

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2))
}

/** Sends a head by hand, so that the body may come late or never. */
async function open(
  t: Test,
  { app }: Service,
  head: readonly string[]
): Promise<{ socket: Socket; text: () => string }> {
  const { port } = new URL(
    app.server.listening ? app.listeningOrigin : await app.listen({ port: 0, host: '127.0.0.1' })
  )
  const socket = connect(Number(port), '127.0.0.1')
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk))
  socket.on('error', () => {})
  socket.write(head.join('\r\n'))
  return { socket, text: () => text }
}

t.test('past its deadline a request is 504, and its work and memory end with it', async (t) => {
  const service = await startService(t, { workers: 1 })
  const { ask, app } = service
  await service.load('digits')
  await ask({ url: '/sequence', body: long(10) })
  const before = heapOf(service).usedBytes
  // decoding and computing take several times as long
  const late = await ask({ url: '/sequence', body: long(400_000), headers: { 'x-request-timeout-ms': '20' } })
  t.equal(late.status, 504)
  t.match(late.json, { code: 'LSTM_ERR_DEADLINE' })
  t.equal(app.pool.pending, 0)
  await until(() => heapOf(service).usedBytes <= before)
  t.equal((await ask({ url: '/sequence', body: long(10) })).status, 200)
})

t.test('the deadline is the setting, or the header up to its maximum', async (t) => {
  const { ask, load } = await startService(t, { workers: 1, deadlineMs: 1, deadlineMaxMs: 2 })
  await load('digits')
  t.equal((await ask({ url: '/sequence', body: long(200_000) })).status, 504)
  const headers = { 'x-request-timeout-ms': '60000' }
  t.match((await ask({ url: '/sequence', body: long(200_000), headers })).json, { status: 504, detail: / [12] ms / })
  for (const wrong of ['0', '-1', 'soon', '1.5', '']) {
    const { status, json } = await ask({ url: '/cell', body: {}, headers: { 'x-request-timeout-ms': wrong } })
    t.equal(status, 400)
    t.match(json.detail, /X-Request-Timeout-Ms is .* expected whole milliseconds/)
  }
})

t.test('a client that goes away stops its work', async (t) => {
  const service = await startService(t, { workers: 1 })
  await service.load('digits')
  const before = heapOf(service).usedBytes
  const body = JSON.stringify(long(1_000_000 / 4))
  const { socket } = await open(t, service, [
    'POST /sequence HTTP/1.1',
    'host: x',
    'content-type: application/json',
    `content-length: ${body.length}`,
    '',
    body
  ])
  await until(() => heapOf(service).usedBytes > before)
  socket.destroy()
  await until(() => service.app.pool.pending === 0 && heapOf(service).usedBytes <= before)
  t.pass('nothing is left')
})

t.test('who would wait too long is refused, but for a few', async (t) => {
  const { ask, load, app } = await startService(t, { workers: 1, maxWaitMs: 50 })
  await load('digits')
  const under = Array.from({ length: 8 }, () => ask({ url: '/sequence', body: long(300_000) }))
  await until(() => app.pool.pending === under.length)
  // the first one behind them begins to measure
  t.equal((await ask({ url: '/sequence', body: long(1) })).status, 200)
  await new Promise((resolve) => setTimeout(resolve, 200))
  const refused = await ask({ url: '/sequence', body: long(1) })
  t.equal(refused.status, 429)
  t.match(refused.json, {
    code: 'LSTM_ERR_OVERLOADED',
    detail: /the wait in milliseconds would be more than 50, .* LSTM_MAX_WAIT_MS/
  })
  t.match(refused.headers['retry-after'], /^[1-9]\d?$/)
  for (const { status } of await Promise.all(under)) t.equal(status, 200)
  t.equal((await ask({ url: '/sequence', body: long(1) })).status, 200)
})

t.test('what runs may only hold so much; alone a request always starts', async (t) => {
  const service = await startService(t, { maxRunningValues: 1000 })
  const { ask } = service
  await service.load('digits')
  const before = heapOf(service).usedBytes
  const first = ask({ url: '/sequence', body: long(400_000) })
  await until(() => heapOf(service).usedBytes > before)
  const second = await ask({ url: '/sequence', body: long(100) })
  t.equal(second.status, 429)
  t.match(second.json, { code: 'LSTM_ERR_OVERLOADED', detail: /more than 1000, .* LSTM_MAX_RUNNING_VALUES/ })
  t.match(second.headers['retry-after'], /^[1-9]\d?$/)
  t.equal((await first).status, 200)
  t.equal((await ask({ url: '/sequence', body: long(100) })).status, 200)
})

t.test('a body that would be too much is refused by its head alone', async (t) => {
  const service = await startService(t, { workers: 1, maxPendingBytes: 20_000_000 })
  await service.load('digits')
  const first = service.ask({ url: '/sequence', body: long(400_000) })
  await until(() => service.app.pool.pending > 0)
  const { text } = await open(t, service, [
    'POST /cell HTTP/1.1',
    'host: x',
    'content-type: application/json',
    'content-length: 19000000',
    '\r\n'
  ])
  await until(() => text().includes('\r\n\r\n'))
  t.match(text(), /^HTTP\/1\.1 429 /)
  t.match(text(), /retry-after: \d/i)
  t.equal((await first).status, 200)
})

t.test('bodies on their way in count as they arrive, and no more when they are given up', async (t) => {
  const service = await startService(t, { workers: 1, maxPendingBytes: 100_000 })
  const head = [
    'POST /cell HTTP/1.1',
    'host: x',
    'content-type: application/json',
    'transfer-encoding: chunked',
    '\r\n'
  ]
  const slow = await open(t, service, head)
  slow.socket.write(`11170\r\n${' '.repeat(70_000)}\r\n`)
  await until(() => service.app.pool.admission.arrivingBytes === 70_000)
  const other = await open(t, service, head)
  other.socket.write(`11170\r\n${' '.repeat(70_000)}\r\n`)
  await until(() => other.text().includes('429'))
  t.match(other.text(), /LSTM_MAX_PENDING_BYTES/)
  slow.socket.destroy()
  await until(() => service.app.pool.admission.arrivingBytes === 0)
  t.pass('and it counts no more')
})

t.test('a head that does not arrive is cut off', async (t) => {
  const service = await startService(t, { workers: 1, headersTimeoutMs: 200 })
  const { socket, text } = await open(t, service, ['POST /cell HTTP/1.1', 'host: x', 'x-slow: '])
  await once(socket, 'close')
  t.match(text(), /^HTTP\/1\.1 408 /)
})
