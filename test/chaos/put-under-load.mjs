// put-under-load.mjs [SECONDS]: a set of 64 MB is put in every second, two versions in turns, while others are asked. Every
// answer is exactly that of one of the versions, and the p99 of the requests for other sets is at most 1.5 times that of
// quiet; memory stays flat. 60 seconds by hand, a few in CI. Needs a build.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Clients, json, judgesTimes, megabytes, quantile, report, residentBytes } from './clients.mjs'
import { n_x } from './large-set.mjs'
import { set, startServer } from './server.mjs'

const seconds = Number(process.argv[2] ?? 60)
const ROUNDS = 3
const MOST_SLOWER = 1.5
const MOST_GROWTH = 1.25
const EVERY_MS = 5

const server = await startServer({ LSTM_WORKERS: '2' })
const clients = new Clients(server.origin, 16)
const broken = []
const putter = fork(fileURLToPath(new URL('putter.mjs', import.meta.url)), [server.origin])
const said = (type) =>
  new Promise((resolve) => {
    const listen = (message) => {
      if (message.type !== type) return
      putter.off('message', listen)
      resolve(message)
    }
    putter.on('message', listen)
  })
const { bytes } = await said('ready')

const column = (length, value) => Array.from({ length }, () => [value])
const ofLarge = json({ parameters: 'large', xt: column(n_x, 0.5) })
const ofSmall = json({
  parameters: 'small',
  x: column(16, 0.25).map((row) => [Array(100).fill(row[0])]),
  outputs: ['a_last']
})

await clients.ask('PUT', '/parameters/small', json(set(1, 16, 64, 4)))
const versions = []
for (const version of [0, 1]) {
  putter.send({ type: 'put', version })
  const answer = await said('put')
  if (answer.status >= 300) throw new Error(answer.text)
  versions.push((await clients.ask('POST', '/cell', ofLarge)).text)
}
if (versions[0] === versions[1]) throw new Error('the two versions give the same answer')
const { text: small } = await clients.ask('POST', '/sequence', ofSmall)

/** Asks both sets at a fixed rate. @returns milliseconds of the answers for the small one */
async function load(forSeconds) {
  const times = []
  const all = []
  const begin = performance.now()
  for (let n = 0; n * EVERY_MS < forSeconds * 1000; n++) {
    const early = begin + n * EVERY_MS - performance.now()
    if (early > 1) await new Promise((resolve) => setTimeout(resolve, early))
    const large = n % 20 === 0
    all.push(
      (large ? clients.ask('POST', '/cell', ofLarge) : clients.ask('POST', '/sequence', ofSmall)).then((answer) => {
        if (!large) times.push(answer.ms)
        if (answer.status !== 200 || !(large ? versions : [small]).includes(answer.text))
          broken.push(`${large ? 'the large' : 'the small'} set: ${answer.status} ${answer.text.slice(0, 200)}`)
      })
    )
  }
  await Promise.all(all)
  return times
}

const rows = []
const ratios = []
const resident = []
let puts = 0
const putMs = []
putter.on('message', ({ type, status, text, ms }) => {
  if (type !== 'put') return
  puts++
  putMs.push(ms)
  if (status !== 200) broken.push(`PUT: ${status} ${text}`)
})

// what is measured is a service that has been running
putter.send({ type: 'begin' })
await load(Math.min(6, seconds / 2))
putter.send({ type: 'stop' })
await said('over')
for (let round = 0; round < ROUNDS; round++) {
  const quiet = await load(seconds / ROUNDS)
  putter.send({ type: 'begin' })
  const busy = await load(seconds / ROUNDS)
  putter.send({ type: 'stop' })
  await said('over')
  resident.push(residentBytes(server.pid))
  ratios.push(quantile(busy, 0.99) / quantile(quiet, 0.99))
  for (const [name, times] of [
    ['quiet', quiet],
    ['a PUT every second', busy]
  ]) {
    rows.push({
      load: name,
      answers: times.length,
      'p50 ms': quantile(times, 0.5).toFixed(1),
      'p90 ms': quantile(times, 0.9).toFixed(1),
      'p99 ms': quantile(times, 0.99).toFixed(1),
      'PUT ms': name === 'quiet' ? '' : quantile(putMs, 0.5).toFixed(0),
      'resident MB': megabytes(residentBytes(server.pid))
    })
  }
}
// of the last round against the first, both with a PUT every second
const growth = resident[resident.length - 1] / resident[0]
putter.send({ type: 'end' })
clients.close()
await server.end('SIGTERM')

const slower = quantile(ratios, 0.5)
if (judgesTimes(seconds) && slower > MOST_SLOWER)
  broken.push(`the p99 is ${slower.toFixed(2)} times that of quiet; at most ${MOST_SLOWER}`)
if (growth > MOST_GROWTH) broken.push(`memory has grown to ${growth.toFixed(2)} times; at most ${MOST_GROWTH}`)
report(
  rows,
  broken,
  `${puts} times ${megabytes(bytes)} MB put in: p99 of the others ${slower.toFixed(2)} times that of quiet, memory ${growth.toFixed(2)} times, every answer that of one version`
)
