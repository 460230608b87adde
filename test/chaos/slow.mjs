// slow.mjs [SECONDS]: clients that cost more than they should: heads and bodies that drip, 2,000 idle connections, bodies
// that are declared to be 1 GB, bodies nested without end. The others are served as fast as before, the drippers are cut
// off, and nothing is left behind. 60 seconds by hand, a few in CI. Needs a build.
import { once } from 'node:events'
import { connect } from 'node:net'
import { Clients, json, judgesTimes, megabytes, quantile, report, residentBytes } from './clients.mjs'
import { set, startServer } from './server.mjs'

const seconds = Number(process.argv[2] ?? 60)
const MOST_SLOWER = 2
const MOST_GROWTH_BYTES = 128 * 2 ** 20
const HEADERS_TIMEOUT_MS = 2000
const REQUEST_TIMEOUT_MS = 4000

const server = await startServer({
  LSTM_WORKERS: '2',
  LSTM_HEADERS_TIMEOUT_MS: String(HEADERS_TIMEOUT_MS),
  LSTM_REQUEST_TIMEOUT_MS: String(REQUEST_TIMEOUT_MS)
})
const { port } = new URL(server.origin)
const clients = new Clients(server.origin, 4)
const broken = []
await clients.ask('PUT', '/parameters/p', json(set(1, 16, 64, 4)))
const body = json({ parameters: 'p', x: Array.from({ length: 16 }, () => [Array(200).fill(0.5)]), outputs: ['a_last'] })
const { text: expected } = await clients.ask('POST', '/sequence', body)

/** Milliseconds of those who are served, one after another on each of two connections. */
async function served(forSeconds) {
  const times = []
  const end = performance.now() + forSeconds * 1000
  const client = async () => {
    while (performance.now() < end) {
      const { status, text, ms } = await clients.ask('POST', '/sequence', body)
      if (text !== expected) broken.push(`answered ${status} ${text.slice(0, 200)}`)
      times.push(ms)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  await Promise.all([client(), client()])
  return times
}

/** A connection that sends `first` and then `piece` every `everyMs`. @returns what came back, and when it was closed */
async function dripping(first, piece, everyMs) {
  const begin = performance.now()
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.on('data', (bytes) => {
    answer += bytes.toString('latin1')
  })
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write(first)
  const timer = piece === undefined ? undefined : setInterval(() => socket.write(piece), everyMs)
  return {
    socket,
    // not once(): that would reject where the server resets the connection
    closed: new Promise((resolve) => socket.on('close', resolve)).then(() => {
      clearInterval(timer)
      return { status: Number(answer.slice(9, 12)), ms: performance.now() - begin }
    })
  }
}

const head = (route, length) =>
  `${route} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`
const many = (count, make) => Promise.all(Array.from({ length: count }, make))

/** What the hostile do, what they must be answered, and after how long at most. */
const attacks = {
  'heads that drip': () => many(200, () => dripping('POST /cell HTTP/1.1\r\nhost: a\r\n', 'x: y\r\n', 300)),
  'bodies that drip': () => many(200, () => dripping(head('POST /cell', 1000), ' ', 300)),
  '2,000 idle connections': () => many(2000, () => dripping('')),
  '1 GB declared for /cell': () => many(200, () => dripping(head('POST /cell', 2 ** 30))),
  '1 GB declared for a set': () => many(200, () => dripping(head('PUT /parameters/q', 2 ** 30))),
  '400 MB declared for a set': () => many(200, () => dripping(head('PUT /parameters/q', 400 * 2 ** 20), 'x', 300))
}
const allowed = {
  'heads that drip': [408],
  'bodies that drip': [408],
  '1 GB declared for /cell': [413, 429],
  '1 GB declared for a set': [413, 429],
  '400 MB declared for a set': [408, 429]
}

const rows = []
const row = (what, times, answers) =>
  rows.push({
    beside: what,
    served: times.length,
    'p50 ms': quantile(times, 0.5).toFixed(2),
    'p99 ms': quantile(times, 0.99).toFixed(1),
    'resident MB': megabytes(residentBytes(server.pid)),
    'what they were answered': answers
  })

const slice = Math.max(1, seconds / 8)
await served(slice)
const quiet = await served(slice)
const before = residentBytes(server.pid)
row('nothing', quiet, '')
for (const [name, attack] of Object.entries(attacks)) {
  const connections = await attack()
  const times = await served(slice)
  let answers = 'nothing'
  if (allowed[name] === undefined) for (const { socket } of connections) socket.destroy()
  const ends = await Promise.all(connections.map(({ closed }) => closed))
  if (allowed[name] !== undefined) {
    const statuses = new Set(ends.map(({ status }) => status))
    answers = [...statuses].join(', ')
    for (const status of statuses) if (!allowed[name].includes(status)) broken.push(`${name}: answered ${status}`)
    const late = Math.max(...ends.map(({ ms }) => ms)) - REQUEST_TIMEOUT_MS
    // the time-outs are looked after once a second
    if (late > slice * 1000 + 5000) broken.push(`${name}: closed ${Math.round(late)} ms after the time-out`)
  }
  bound(name, times)
  row(name, times, answers)
}

const deep = Buffer.from(`{"parameters":${'['.repeat(500_000)}`)
let nesting = true
const statuses = new Set()
const nested = new Clients(server.origin, 2)
const nesters = many(2, async () => {
  while (nesting) statuses.add((await nested.ask('POST', '/cell', deep)).status)
})
const times = await served(slice)
nesting = false
await nesters
nested.close()
if ([...statuses].join() !== '400') broken.push(`deep nesting: answered ${[...statuses]}`)
bound('deep nesting', times)
row('500,000 brackets', times, [...statuses].join(', '))

/** Half of the served wait for a hostile one's share of the machine at most; a p99 of so few is the machine's noise. */
function bound(name, others) {
  const slower = quantile(others, 0.5) / quantile(quiet, 0.5)
  if (judgesTimes(seconds) && slower > MOST_SLOWER)
    broken.push(`${name}: the others take ${slower.toFixed(2)} times as long`)
}

const growth = residentBytes(server.pid) - before
if (growth > MOST_GROWTH_BYTES) broken.push(`${megabytes(growth)} MB more are resident`)
clients.close()
await server.end('SIGTERM')
report(rows, broken, `the others were served as before, ${megabytes(growth)} MB more are resident`)
