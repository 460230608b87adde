// overload.mjs [SECONDS] [PENDING]: load at three times what the service can do. What it accepts has a p99 within three times that
// at 80 % load, everything else is a 429 with Retry-After, and memory stays flat. 60 seconds by hand, a few in CI. With another
// number of PENDING than 8, such as 1024, which is the default, p99 may be twice LSTM_MAX_WAIT_MS instead. Needs a build.
import { Clients, json, judgesTimes, megabytes, quantile, report, residentBytes } from './clients.mjs'
import { Random } from './fuzz/random.mjs'
import { set, startServer } from './server.mjs'

const seconds = Number(process.argv[2] ?? 60)
const MOST_SLOWER = 3
const MOST_GROWTH = 1.25
/** The default of LSTM_MAX_WAIT_MS. */
const MAX_WAIT_MS = 2000
/** As an operator sets it who wants answers soon or not at all. One worker: a core is left for the clients here. */
const USUAL_PENDING = 8
const PENDING = Number(process.argv[3] ?? USUAL_PENDING)

const server = await startServer({ LSTM_WORKERS: '1', LSTM_MAX_PENDING: String(PENDING) })
const clients = new Clients(server.origin, 2000)
await clients.ask('PUT', '/parameters/p', json(set(1, 16, 128, 4)))
const x = Array.from({ length: 16 }, (_, n) => [Array.from({ length: 1000 }, (_, t) => ((n + 7 * t) % 11) / 11)])
const body = json({ parameters: 'p', x, outputs: ['a_last'] })
const { text: expected } = await clients.ask('POST', '/sequence', body)

const broken = []
const random = new Random(1)
/** Requests at random moments (Poisson), so many a second, whether or not earlier ones are answered. */
async function load(perSecond, forSeconds) {
  const accepted = []
  let refused = 0
  const all = []
  const begin = performance.now()
  let due = begin
  for (let n = 0; n < perSecond * forSeconds; n++) {
    due -= (Math.log(1 - random.next()) * 1000) / perSecond
    const early = due - performance.now()
    if (early > 1) await new Promise((resolve) => setTimeout(resolve, early))
    const one = clients.ask('POST', '/sequence', body).then(({ status, headers, text, ms }) => {
      if (status === 200) {
        accepted.push(ms)
        if (text !== expected) broken.push(`a wrong answer: ${text.slice(0, 200)}`)
      } else if (status === 429) {
        refused++
        if (!/^[1-9]\d*$/.test(headers['retry-after'])) broken.push(`a 429 without Retry-After: ${text}`)
      } else broken.push(`answered ${status}: ${text}`)
    })
    all.push(one.catch((error) => broken.push(`no answer: ${error.message}`)))
  }
  await Promise.all(all)
  return { accepted, refused, seconds: (performance.now() - begin) / 1000 }
}

/** As many as are answered with as many under way as may be. */
async function capacity(forSeconds) {
  let answered = 0
  const end = performance.now() + forSeconds * 1000
  const client = async () => {
    while (performance.now() < end) {
      await clients.ask('POST', '/sequence', body)
      answered++
    }
  }
  await Promise.all(Array.from({ length: USUAL_PENDING }, client))
  return answered / forSeconds
}

await capacity(2)
const most = await capacity(Math.min(5, seconds))
const rows = []
const row = (name, rate, { accepted, refused }) =>
  rows.push({
    load: name,
    'asked a second': Math.round(rate),
    accepted: accepted.length,
    refused,
    'p50 ms': quantile(accepted, 0.5).toFixed(1),
    'p99 ms': quantile(accepted, 0.99).toFixed(1),
    'resident MB': megabytes(residentBytes(server.pid))
  })
const normal = await load(0.8 * most, seconds)
row('80 %', 0.8 * most, normal)
const warm = await load(3 * most, Math.max(5, seconds / 4))
row('3 ×, to warm up', 3 * most, warm)
const before = residentBytes(server.pid)
const over = await load(3 * most, seconds)
row('3 ×', 3 * most, over)
const growth = residentBytes(server.pid) / before
clients.close()
await server.end('SIGTERM')

const slower = quantile(over.accepted, 0.99) / quantile(normal.accepted, 0.99)
if (judgesTimes(seconds) && PENDING === USUAL_PENDING && slower > MOST_SLOWER)
  broken.push(`the p99 is ${slower.toFixed(2)} times that at 80 %; at most ${MOST_SLOWER}`)
const p99 = quantile(over.accepted, 0.99)
if (judgesTimes(seconds) && PENDING !== USUAL_PENDING && p99 > 2 * MAX_WAIT_MS)
  broken.push(`the p99 is ${p99.toFixed(0)} ms; at most twice the ${MAX_WAIT_MS} ms of LSTM_MAX_WAIT_MS`)
if (growth > MOST_GROWTH) broken.push(`memory has grown to ${growth.toFixed(2)} times; at most ${MOST_GROWTH}`)
if (over.refused === 0) broken.push('nothing was refused: this was no overload')
report(
  rows,
  broken,
  `three times ${Math.round(most)} requests a second: p99 ${slower.toFixed(2)} times that at 80 %, memory ${growth.toFixed(2)} times`
)
