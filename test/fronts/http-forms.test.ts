import type { Socket } from 'node:net'
import t from 'tap'
import { loadDescriptors } from '../../src/fronts/descriptors.ts'
import { random, randomSet } from '../tensors.ts'
import { hear } from './conversation.ts'
import { startThreads, sum, type Threads, until } from './threads.ts'

if (loadDescriptors() === undefined) {
  t.pass('without the native binary one thread takes requests')
  process.exit(0)
}

const set = JSON.stringify(randomSet(1, 8, 16, 4))
const digit = JSON.stringify({ parameters: 'p', x: random(1, [8, 1, 20]) })
const json = 'content-type: application/json\r\n'
const post = (path: string, body: string, more = '') =>
  `POST ${path} HTTP/1.1\r\nhost: a\r\n${json}content-length: ${body.length}\r\n${more}\r\n${body}`
const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nhost: a\r\n${more}\r\n`
const last = 'connection: close\r\n'
const chunks = (body: string) =>
  `${body.match(/.{1,100}/gs)!.reduce((all, piece) => `${all}${piece.length.toString(16)}\r\n${piece}\r\n`, '')}0\r\n\r\n`

/** A connection to the main thread and one to the front. */
async function two({ app, socket }: Threads): Promise<[Socket, Socket]> {
  await until(() => sum(app.fronts.connections) === 0)
  const main = await socket()
  await until(() => app.fronts.connections[0] === 1)
  const front = await socket()
  await until(() => app.fronts.connections[1] === 1)
  return [main, front]
}

/** A service that has a set, and knows that `digit` is short: the front answers it itself. */
async function start(overrides = {}): Promise<Threads> {
  const threads = await startThreads(t, 2, overrides)
  const lines = await threads.lines()
  await lines[0].ask({ method: 'PUT', path: '/parameters/p', body: JSON.parse(set) })
  const body = Buffer.from(digit)
  for (const line of lines) {
    for (let i = 0; i < 40; i++) {
      await line.ask({ path: '/sequence', body, headers: { 'content-type': 'application/json' } })
    }
    line.close()
  }
  return threads
}

const forms: Record<string, { send: string; statuses: number[] }> = {
  'requests one behind the other, answered here and there': {
    send:
      post('/sequence', digit) +
      get('/health/live') +
      post('/sequence', digit) +
      post('/v2/models/no/infer', '{}') +
      get('/parameters/p') +
      post('/sequence', digit, last),
    statuses: [200, 200, 200, 404, 200, 200]
  },
  'HTTP/1.0': { send: 'GET /health/live HTTP/1.0\r\n\r\n', statuses: [200] },
  'HTTP/1.0 with a body': {
    send: `POST /sequence HTTP/1.0\r\n${json}content-length: ${digit.length}\r\n\r\n${digit}`,
    statuses: [200]
  },
  'HTTP/1.0 with a body for the main thread': {
    send: `PUT /parameters/p HTTP/1.0\r\n${json}content-length: ${set.length}\r\n\r\n${set}`,
    statuses: [200]
  },
  'HTTP/1.0 that keeps its connection': {
    send: 'GET /health/live HTTP/1.0\r\nconnection: keep-alive\r\n\r\nGET /v2 HTTP/1.0\r\n\r\n',
    statuses: [200, 200]
  },
  chunks: {
    send: `POST /sequence HTTP/1.1\r\nhost: a\r\n${json}transfer-encoding: chunked\r\n${last}\r\n${chunks(digit)}`,
    statuses: [200]
  },
  'a client that waits for 100': {
    send: `PUT /parameters/p HTTP/1.1\r\nhost: a\r\n${json}content-length: ${set.length}\r\nexpect: 100-continue\r\n${last}\r\n${set}`,
    statuses: [100, 200]
  },
  'a client that waits for 100 before a short inference': {
    send: post('/sequence', digit, `expect: 100-continue\r\n${last}`),
    statuses: [100, 200]
  },
  'a client that expects what there is not': { send: get('/v2', `expect: tea\r\n${last}`), statuses: [417] },
  'an upgrade': { send: get('/v2', 'upgrade: websocket\r\nconnection: upgrade, close\r\n'), statuses: [200] },
  OPTIONS: { send: `OPTIONS /sequence HTTP/1.1\r\nhost: a\r\n${last}\r\n`, statuses: [400] },
  'a preflight': {
    send: `OPTIONS /sequence HTTP/1.1\r\nhost: a\r\norigin: http://b\r\naccess-control-request-method: POST\r\n${last}\r\n`,
    statuses: [204]
  },
  'another origin': { send: post('/sequence', digit, `origin: http://b\r\n${last}`), statuses: [200] },
  'another origin, for the main thread': { send: get('/v2', `origin: http://b\r\n${last}`), statuses: [200] },
  'a deadline that is none': { send: post('/sequence', digit, `x-request-timeout-ms: x\r\n${last}`), statuses: [400] },
  'a body that is declared and does not come': {
    send: `PUT /parameters/p HTTP/1.1\r\nhost: a\r\n${json}content-length: ${2 ** 40}\r\n\r\n`,
    statuses: [413]
  },
  'a short inference of 1 TB': {
    send: `POST /sequence HTTP/1.1\r\nhost: a\r\n${json}content-length: ${2 ** 40}\r\n\r\n`,
    statuses: [413]
  },
  'no HTTP': { send: 'hello\r\n\r\n', statuses: [400] },
  'no host': { send: 'GET /v2 HTTP/1.1\r\n\r\n', statuses: [400] },
  'a length that is none': { send: 'POST /cell HTTP/1.1\r\nhost: a\r\ncontent-length: x\r\n\r\n', statuses: [400] },
  'two lengths': { send: post('/cell', '{}', 'content-length: 3\r\n'), statuses: [400] },
  'a length and chunks': { send: post('/cell', '{}', 'transfer-encoding: chunked\r\n'), statuses: [400] },
  'a head without end': { send: get('/v2', `x: ${'y'.repeat(20_000)}\r\n`), statuses: [431] },
  'a path that cannot be decoded': { send: get('/v2/models/%ff', last), statuses: [400] },
  'a path beyond ASCII': { send: get('/v2/models/\u00e4', last), statuses: [400] },
  'a header beyond ASCII': { send: get('/v2', `x: \u00e4\r\n${last}`), statuses: [200] }
}

t.test('what comes over a connection is answered the same by every thread', async (t) => {
  const threads = await start({ corsOrigins: 'http://b' })
  for (const [name, { send, statuses }] of Object.entries(forms)) {
    const connections = await two(threads)
    const [main, front] = await Promise.all(
      connections.map((socket) => {
        const heard = hear(socket)
        socket.write(send, 'latin1')
        return heard
      })
    )
    t.strictSame(
      main.map(({ status }) => status),
      statuses,
      name
    )
    t.strictSame(front, main, name)
  }
})

t.test('the front answers short inferences itself, and what it forwards in between keeps its place', async (t) => {
  const threads = await start()
  const [, front] = await two(threads)
  const before = threads.app.requestCounts.of('sequence').statuses[0][1]
  const heard = hear(front)
  let send = ''
  for (let i = 0; i < 50; i++) send += post('/sequence', digit) + get('/no/such') + post('/sequence', digit)
  front.write(send + get('/health/live', last))
  t.strictSame(
    (await heard).map(({ status }) => status),
    [...Array.from({ length: 50 }, () => [200, 404, 200]).flat(), 200]
  )
  t.equal(threads.app.requestCounts.of('sequence').statuses[0][1], before)
})
