import { once } from 'node:events'
import { Writable } from 'node:stream'
import t from 'tap'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import { loadDescriptors } from '../../src/fronts/descriptors.ts'
import { SharedHeap } from '../../src/kernels/memory.ts'
import { example } from '../fixtures.ts'
import { random, randomSet } from '../tensors.ts'
import { startThreads, sum, until } from './threads.ts'

if (loadDescriptors() === undefined) {
  t.pass('without the native binary one thread takes requests')
  process.exit(0)
}

const digit = { parameters: 'p', x: random(1, [8, 1, 20]), outputs: ['a', 'y'] }
/** All of an answer but which set it came from. */
const outputsOf = (text: string) => JSON.stringify({ ...JSON.parse(text), parameters: undefined })
const npz = { 'content-type': 'application/x-npz' }

t.test('connections are spread evenly, and one that closes makes room', async (t) => {
  const { app, socket } = await startThreads(t, 3)
  const sockets = []
  for (let i = 0; i < 9; i++) sockets.push(await socket())
  await until(() => sum(app.fronts.connections) === 9)
  t.strictSame(app.fronts.connections, [3, 3, 3])
  // all of one thread's: the next ones go there
  for (const i of [1, 4, 7]) sockets[i].destroy()
  await until(() => sum(app.fronts.connections) === 6)
  t.strictSame([...app.fronts.connections].sort(), [0, 3, 3])
  for (let i = 0; i < 3; i++) sockets.push(await socket())
  await until(() => sum(app.fronts.connections) === 9)
  t.strictSame(app.fronts.connections, [3, 3, 3])
  for (const each of sockets) each.destroy()
  await until(() => sum(app.fronts.connections) === 0)
})

t.test('every route answers the same through every thread', async (t) => {
  const { app, lines } = await startThreads(t, 2)
  const [main, front] = await lines()
  t.strictSame(app.fronts.connections, [1, 1])
  const questions = [
    { method: 'GET', path: '/health/live' },
    { method: 'HEAD', path: '/health/live' },
    { method: 'GET', path: '/health/ready' },
    { method: 'PUT', path: '/parameters/digits', body: example('digits/parameters.npz'), headers: npz },
    { method: 'PUT', path: '/parameters/p', body: randomSet(1, 8, 16, 4), headers: { 'transfer-encoding': 'chunked' } },
    { method: 'GET', path: '/parameters' },
    { method: 'GET', path: '/parameters/p' },
    { method: 'GET', path: '/parameters/p/weights', headers: { accept: 'application/json' } },
    { method: 'PUT', path: '/parameters/p', body: {}, headers: { 'if-match': '"no"' } },
    { method: 'PUT', path: '/parameters/p' },
    { method: 'GET', path: '/docs/' },
    { method: 'GET', path: '/docs/json' },
    { method: 'GET', path: '/no/such' },
    { method: 'PUT', path: '/cell' },
    { method: 'OPTIONS', path: '*' },
    { method: 'GET', path: '/v2' },
    { method: 'GET', path: '/v2/models/p' },
    { path: '/sequence', body: digit },
    { path: '/sequence', body: digit, headers: { 'transfer-encoding': 'chunked' } },
    { path: '/sequence?x=1', body: digit },
    { path: '/sequence', body: { ...digit, x: [[[1, 2]]] } },
    { path: '/sequence', body: Buffer.from('{"'), headers: { 'content-type': 'application/json' } },
    { path: '/sequence', body: Buffer.from('x'), headers: { 'content-type': 'text/plain' } },
    { path: '/sequence' },
    { path: '/cell', body: { parameters: 'p', xt: random(2, [8, 2]) } },
    { path: '/sequence', body: { ...digit, x: random(3, [8, 2, 3000]), outputs: ['a'] } },
    { method: 'DELETE', path: '/parameters/p' },
    { path: '/sequence', body: digit }
  ]
  // the second time short ones are known to be short, and the front answers them itself
  for (let round = 0; round < 10; round++) {
    for (const question of questions) {
      const told = []
      for (const line of [main, front]) {
        if (question.method === 'DELETE' && line === front) {
          await line.ask({ method: 'PUT', path: '/parameters/p', body: randomSet(1, 8, 16, 4) })
        }
        const { status, headers, text } = await line.ask({
          ...question,
          headers: { 'x-request-id': 'x', ...question.headers }
        })
        const { date, 'server-timing': timing, ...others } = headers
        t.equal(typeof date, 'string')
        t.equal(timing === undefined, status !== 200 || !/^.(cell|sequence)/.test(question.path))
        told.push({ status, others, text: question.method === 'PUT' || /parameters/.test(question.path) ? '' : text })
      }
      if (question.method === 'PUT' && told[0].status === 201) told[0].status = 200
      if (question.method === 'PUT' && told[0].status === 200) told[0].others = told[1].others
      if (!t.strictSame(told[1], told[0], `${question.method ?? 'POST'} ${question.path}`)) return
    }
  }
})

t.test('after PUT and DELETE each thread knows, and the memory comes back', async (t) => {
  const { app, lines } = await startThreads(t, 3)
  const all = await lines()
  const memory = app.pool.sharedKernel as unknown as { memory: WebAssembly.Memory }
  const heap = new SharedHeap(memory.memory)
  const expected = []
  for (const seed of [1, 2]) {
    const inline = { ...digit, parameters: randomSet(seed, 8, 16, 4) }
    const { status, text } = await all[0].ask({ path: '/sequence', body: inline })
    t.equal(status, 200)
    expected.push(outputsOf(text))
  }
  t.not(expected[0], expected[1])
  let before = 0
  for (let round = 0; round < 60; round++) {
    const which = round % 2
    const put = await all[round % 3].ask({ method: 'PUT', path: '/parameters/p', body: randomSet(which + 1, 8, 16, 4) })
    t.equal(put.status, round === 0 ? 201 : 200)
    const told = await Promise.all(all.map((line) => line.ask({ path: '/sequence', body: digit })))
    for (const { status, text } of told) {
      if (status !== 200 || outputsOf(text) !== expected[which])
        t.fail(`round ${round}: ${status} ${text.slice(0, 200)}`)
    }
    if (round === 20) before = heap.usedBytes
  }
  await until(() => heap.usedBytes <= before)
  t.equal((await all[1].ask({ method: 'DELETE', path: '/parameters/p' })).status, 204)
  const told = await Promise.all(all.map((line) => line.ask({ path: '/sequence', body: digit })))
  t.strictSame(
    told.map(({ status }) => status),
    [404, 404, 404]
  )
  await until(() => heap.usedBytes < before)
})

t.test('what threads count, they count together; each request has its line in the log', async (t) => {
  const logged: string[] = []
  const log = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged.push(...chunk.toString().split('\n'))
      done()
    }
  })
  const config = { ...loadConfig({ LSTM_WORKERS: '2', LSTM_HTTP_THREADS: '3' }, []) }
  const app = await buildApp(config, log)
  t.teardown(() => app.close())
  await app.fronts.start()
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })
  await app.inject({ method: 'PUT', url: '/parameters/p', payload: randomSet(1, 8, 16, 4) })
  const ids = Array.from({ length: 120 }, (_, i) => `id-${i}`)
  await Promise.all(
    Array.from({ length: 6 }, async (_, client) => {
      for (const id of ids.filter((_, i) => i % 6 === client)) {
        const answer = await fetch(`${origin}/sequence`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-request-id': id },
          body: JSON.stringify(digit)
        })
        t.equal(answer.headers.get('x-request-id'), id)
        await answer.arrayBuffer()
      }
    })
  )
  const { payload } = await app.inject({ method: 'GET', url: '/metrics' })
  t.match(payload, 'lstm_requests_total{route="sequence",status="200"} 120\n')
  t.match(payload, 'lstm_request_seconds_count{route="sequence"} 120\n')
  t.match(payload, 'lstm_compute_seconds_count{route="sequence"} 120\n')
  t.match(payload, 'lstm_http_threads 3\n')
  const counts = app.fronts.requests.of('sequence')
  const here = sum(app.requestCounts.of('sequence').statuses.map(([, count]) => count))
  t.strictSame(counts.statuses, [[200, 120]])
  t.ok(here < 120, `${here} of 120 were answered by the main thread`)
  await until(() => logged.filter((line) => line.includes('"id-')).length >= 120)
  const lines = logged.filter((line) => line !== '').map((line) => JSON.parse(line))
  t.strictSame(
    lines.flatMap(({ reqId, msg }) => (msg === 'answered' && reqId.startsWith('id-') ? [reqId] : [])).sort(),
    ids.sort()
  )
})

t.test('a front that dies takes its connections with it and no more, and is replaced', async (t) => {
  const { app, workers, lines, socket } = await startThreads(t, 3)
  const [main, first, second] = await lines()
  await main.ask({ method: 'PUT', path: '/parameters/p', body: randomSet(1, 8, 16, 4) })
  for (let i = 0; i < 30; i++) for (const line of [first, second]) await line.ask({ path: '/sequence', body: digit })
  const { text: expected } = await main.ask({ path: '/sequence', body: digit })
  t.equal(app.fronts.threads, 3)
  const counted = app.fronts.requests.of('sequence').statuses
  const lost = await socket()
  await until(() => sum(app.fronts.connections) === 4)
  void workers[0].terminate()
  await until(() => app.fronts.threads === 2)
  t.equal((await second.ask({ path: '/sequence', body: digit })).text, expected, 'the other one answers')
  t.equal((await main.ask({ path: '/sequence', body: digit })).text, expected)
  await until(() => app.fronts.threads === 3)
  t.equal(app.fronts.restarts.count, 1)
  lost.destroy()
  await until(() => sum(app.fronts.connections) === 2)
  for (const line of await lines()) {
    for (let i = 0; i < 5; i++) t.equal((await line.ask({ path: '/sequence', body: digit })).text, expected)
  }
  t.ok(app.fronts.requests.of('sequence').statuses[0][1] >= counted[0][1], 'its counts stay')
  // a set that only the dead one might still use is given back
  t.equal((await main.ask({ method: 'DELETE', path: '/parameters/p' })).status, 204)
})

t.test('connections that a front was given and did not take are given to others', async (t) => {
  const { app, workers, port } = await startThreads(t, 2)
  void workers[0].terminate() // from here on it takes nothing
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => fetch(`http://127.0.0.1:${port}/health/live`).catch(() => undefined))
  )
  t.ok(
    answers.every((answer) => answer?.status === 200),
    `${answers.filter((answer) => answer === undefined).length} were lost`
  )
  await until(() => app.fronts.threads === 2)
})

t.test('bounds hold over all threads together', async (t) => {
  const { app, lines, socket } = await startThreads(t, 2, { maxPendingBytes: 19_000 })
  const [main, front] = await lines()
  await main.ask({ method: 'PUT', path: '/parameters/p', body: randomSet(1, 8, 16, 4) })
  for (let i = 0; i < 20; i++) t.equal((await front.ask({ path: '/sequence', body: digit })).status, 200)
  await socket() // the main thread's
  await until(() => sum(app.fronts.connections) === 3)
  const slow = await socket()
  await until(() => sum(app.fronts.connections) === 4)
  t.strictSame(app.fronts.connections, [2, 2])
  const body = JSON.stringify(digit).padEnd(18_000)
  // known to be short, so that it is the front that counts its bytes
  for (let i = 0; i < 20; i++) {
    const answer = await front.ask({
      path: '/sequence',
      body: Buffer.from(body),
      headers: { 'content-type': 'application/json' }
    })
    t.equal(answer.status, 200)
  }
  slow.write(
    `POST /sequence HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 17_999)}`
  )
  // a request that came before its bytes were counted would make them too many, and end the slow one
  const mainRefuses = (bytes: number): boolean => {
    try {
      app.pool.admission.check(bytes)
      return false
    } catch {
      return true
    }
  }
  await until(() => mainRefuses(JSON.stringify(digit).length))
  t.equal(app.fronts.requests.inFlight, 1)
  const refused = await main.ask({ path: '/sequence', body: digit })
  t.equal(refused.status, 429)
  t.match(refused.text, 'LSTM_MAX_PENDING_BYTES')
  t.match(refused.headers['retry-after'], /^\d+$/)
  slow.write(body.slice(17_999)) // to end it would take the request back
  const [answer] = await once(slow, 'data')
  t.match(String(answer), /^HTTP\/1.1 200/)
  await until(() => app.fronts.requests.inFlight === 0)
  t.equal((await main.ask({ path: '/sequence', body: digit })).status, 200)
})

t.test('a client that goes away in the middle is gone for the main thread too', async (t) => {
  const { app, socket } = await startThreads(t, 2)
  await socket()
  const gone = await socket()
  await until(() => sum(app.fronts.connections) === 2)
  gone.write('PUT /parameters/q HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{')
  await until(() => app.requestCounts.inFlight === 1)
  gone.destroy()
  await until(() => app.requestCounts.inFlight === 0)
  t.pass()
})

t.test('the time-outs of heads and bodies are kept by every thread', async (t) => {
  const { app, socket } = await startThreads(t, 2, { headersTimeoutMs: 50, requestTimeoutMs: 100 })
  for (let i = 0; i < 2; i++) {
    const head = await socket()
    head.write('POST /cell HTTP/1.1\r\nhost')
    t.match(String((await once(head, 'data'))[0]), /^HTTP\/1.1 408 (.|\s)*LSTM_ERR_REQUEST_TIMEOUT/)
  }
  for (const path of ['/cell', '/parameters/p']) {
    await socket()
    const body = await socket()
    body.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{`)
    t.match(String((await once(body, 'data'))[0]), /^HTTP\/1.1 40[58] /)
  }
  t.ok(app.server.listening)
})

t.test('the end waits for what is under way on every thread and closes what is idle', async (t) => {
  const { app, lines, socket } = await startThreads(t, 3)
  const [main, ...fronts] = await lines()
  await main.ask({ method: 'PUT', path: '/parameters/p', body: randomSet(1, 8, 16, 4) })
  for (let i = 0; i < 20; i++) for (const line of fronts) await line.ask({ path: '/sequence', body: digit })
  const halves = []
  const body = JSON.stringify(digit)
  for (let i = 0; i < 6; i++) {
    const half = await socket()
    half.write(
      `POST /sequence HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 9)}`
    )
    let text = ''
    half.on('data', (chunk) => (text += chunk))
    halves.push({ half, text: () => text })
  }
  await until(() => app.fronts.requests.inFlight === 6)
  app.drain.begin()
  const told = await fronts[0].ask({ path: '/sequence', body: digit })
  t.equal(told.status, 200)
  const closed = app.close()
  for (const { half } of halves) half.write(body.slice(9))
  for (const { half, text } of halves) {
    if (!half.closed) await once(half, 'close')
    t.match(text(), /^HTTP\/1.1 200/)
    t.match(text(), /connection: close/i)
  }
  await closed
  t.equal(sum(app.fronts.connections), 0)
})
