// soak.mjs [REQUESTS]: so many requests of all kinds, good and bad. Resident memory is flat: the last fifth has at most a
// little more than the second. 1,000,000 by hand, 150,000 in CI. Needs a build.
import { Clients, json, megabytes, report, residentBytes } from './clients.mjs'
import { set, startServer } from './server.mjs'

const requests = Number(process.argv[2] ?? 1_000_000)
const PARTS = 5
const MOST_GROWTH = 1.15
const CLIENTS = 16

const server = await startServer({ LSTM_WORKERS: '2' })
const clients = new Clients(server.origin, CLIENTS)
await clients.ask('PUT', '/parameters/p', json(set(1, 4, 16, 2)))
const x = (T_x) => Array.from({ length: 4 }, (_, n) => [Array.from({ length: T_x }, (_, t) => ((n + t) % 5) / 5)])
const kinds = [
  ['POST', '/cell', json({ parameters: 'p', xt: [[1], [0], [0.5], [-1]] }), 200],
  ['POST', '/sequence', json({ parameters: 'p', x: x(20), outputs: ['a_last'] }), 200],
  ['POST', '/sequence', json({ parameters: 'p', x: x(300), outputs: ['y'], encoding: 'base64' }), 200],
  ['POST', '/cell', json({ parameters: set(2, 4, 3, 2), xt: [[1], [0], [0.5], [-1]], outputs: ['cache'] }), 200],
  ['POST', '/cell', json({ parameters: 'p', xt: [[1], [0]] }), 400],
  ['POST', '/sequence', Buffer.from('{"parameters":"p","x":[[[1,'), 400],
  ['GET', '/parameters/p', undefined, 200],
  ['GET', '/parameters/none', undefined, 404],
  ['GET', '/health/ready', undefined, 200],
  ...[3, 4].map((seed) => ['PUT', '/parameters/q', json(set(seed, 4, 20, 2)), 0]),
  ['GET', '/metrics', undefined, 200]
]
const broken = []
const rows = []
const resident = []
let n = 0
const client = async (end) => {
  while (n < end) {
    const which = n++
    // sets are put in and metrics are scraped less often than inferences are asked
    const [method, path, body, expected] = kinds[which % (which % 101 < 3 ? kinds.length : kinds.length - 3)]
    const { status, text } = await clients.ask(method, path, body)
    if (expected === 0 ? status >= 300 : status !== expected) broken.push(`${method} ${path}: ${status} ${text}`)
  }
}
for (let part = 1; part <= PARTS; part++) {
  const begin = performance.now()
  await Promise.all(Array.from({ length: CLIENTS }, () => client((requests * part) / PARTS)))
  resident.push(residentBytes(server.pid))
  const seconds = (performance.now() - begin) / 1000
  rows.push({
    requests: n,
    'answers a second': Math.round(requests / PARTS / seconds),
    'resident MB': megabytes(resident.at(-1))
  })
}
clients.close()
await server.end('SIGTERM')
const growth = resident.at(-1) / resident[1]
if (growth > MOST_GROWTH) broken.push(`memory has grown to ${growth.toFixed(2)} times; at most ${MOST_GROWTH}`)
report(rows, broken, `${n} requests, memory ${growth.toFixed(2)} times that after two fifths`)
