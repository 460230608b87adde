import t from 'tap'
import { loadDescriptors } from '../../src/fronts/descriptors.ts'
import { random, randomSet } from '../tensors.ts'
import { startThreads, sum, until } from './threads.ts'

if (loadDescriptors() === undefined) {
  t.pass('without the native binary one thread takes requests')
  process.exit(0)
}

const steps = 20_000
const long = { parameters: 'p', x: { shape: [8, 1, steps], data: Buffer.alloc(32 * steps).toString('base64') } }
const body = JSON.stringify(long)
const head = `POST /sequence HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`

t.test('what is not short is run by the pool, within its deadline', async (t) => {
  const { app, lines } = await startThreads(t, 2)
  const [main, front] = await lines()
  await main.ask({ method: 'PUT', path: '/parameters/p', body: randomSet(1, 8, 64, 4) })
  const here = await main.ask({ path: '/sequence', body: long })
  const there = await front.ask({ path: '/sequence', body: long })
  t.equal(there.status, 200)
  t.equal(there.text, here.text)
  t.match(there.headers['server-timing'], /compute/)
  t.strictSame(app.requestCounts.of('sequence').statuses, [[200, 1]], 'it did not go over a channel')
  const late = await front.ask({ path: '/sequence', body: long, headers: { 'x-request-timeout-ms': '2' } })
  t.equal(late.status, 504)
  const wrong = await front.ask({ path: '/sequence', body: { parameters: 'p', x: random(1, [7, 1, 20]) } })
  t.equal(wrong.status, 400)
  t.match(wrong.text, 'LSTM_ERR_SHAPE_MISMATCH')
  await until(() => app.pool.pending === 0)
})

t.test('nobody works for a client that has gone, or for a front that has ended', async (t) => {
  const { app, workers, lines, socket } = await startThreads(t, 2)
  const [main, front] = await lines()
  await main.ask({ method: 'PUT', path: '/parameters/p', body: randomSet(1, 8, 64, 4) })
  front.close()
  await until(() => app.fronts.connections[1] === 0)
  const gone = await socket()
  await until(() => app.fronts.connections[1] === 1)
  gone.write(head + body)
  await until(() => app.pool.pending === 1)
  gone.destroy()
  await until(() => app.pool.pending === 0 && sum(app.fronts.connections) === 1)

  const lost = await socket()
  await until(() => app.fronts.connections[1] === 1)
  lost.write(head + body)
  await until(() => app.pool.pending === 1)
  void workers[0].terminate()
  await until(() => app.pool.pending === 0 && app.fronts.threads === 2)
  t.equal((await main.ask({ path: '/sequence', body: long })).status, 200)
})
