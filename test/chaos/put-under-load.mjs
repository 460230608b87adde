// put-under-load.mjs [SECONDS]: a set of 64 MB is put in every second, two versions in turns, while others are asked. Every
// answer is exactly that of one of the versions, and the p99 of the requests for other sets is at most 1.5 times that of
// quiet. 60 seconds by hand, a few in CI. Needs a build.
import { writeNpz } from '../../dist/src/parameters/files/npz.js'
import { Clients, json, megabytes, quantile, report, residentBytes } from './clients.mjs'
import { set, startServer } from './server.mjs'

const seconds = Number(process.argv[2] ?? 60)
const ROUNDS = 3
const MOST_SLOWER = 1.5
const n_x = 64
const n_a = 2016 // 4 n_a (n_a + n_x) float32 are 67 MB
const EVERY_MS = 5

const server = await startServer({ LSTM_WORKERS: '2' })
const clients = new Clients(server.origin, 16)
const broken = []

/** The npz of a large set: weights that are small and differ with the version, so that the answers do. */
function largeSet(version) {
  const values = (rows, columns) => ({
    shape: [rows, columns],
    data: Float32Array.from({ length: rows * columns }, (_, i) => (((i * 31) % 101) - 50 + version) / 5000)
  })
  const gates = ['f', 'i', 'c', 'o'].flatMap((gate) => [
    [`W${gate}`, values(n_a, n_a + n_x)],
    [`b${gate}`, values(n_a, 1)]
  ])
  return Buffer.from(writeNpz([...gates, ['Wy', values(2, n_a)], ['by', values(2, 1)]]))
}

const put = (file) => clients.ask('PUT', '/parameters/large', file, { 'content-type': 'application/octet-stream' })
const column = (length, value) => Array.from({ length }, () => [value])
const files = [largeSet(0), largeSet(7)]
const ofLarge = json({ parameters: 'large', xt: column(n_x, 0.5) })
const ofSmall = json({
  parameters: 'small',
  x: column(16, 0.25).map((row) => [Array(100).fill(row[0])]),
  outputs: ['a_last']
})

await clients.ask('PUT', '/parameters/small', json(set(1, 16, 64, 4)))
const versions = []
for (const file of files) {
  const answer = await put(file)
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
let puts = 0
for (let round = 0; round < ROUNDS; round++) {
  const quiet = await load(seconds / ROUNDS)
  let over = false
  const putting = (async () => {
    while (!over) {
      const begin = performance.now()
      const late = new Promise((resolve) =>
        setTimeout(resolve, 15_000, { status: 0, text: 'no answer after 15 seconds' })
      )
      const answer = await Promise.race([put(files[puts++ % 2]), late])
      if (answer.status === 0) over = true
      if (answer.status !== 200) broken.push(`PUT: ${answer.status} ${answer.text}`)
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, 1000 - (performance.now() - begin))))
    }
  })()
  const busy = await load(seconds / ROUNDS)
  over = true
  await putting
  ratios.push(quantile(busy, 0.99) / quantile(quiet, 0.99))
  for (const [name, times] of [
    ['quiet', quiet],
    ['a PUT every second', busy]
  ]) {
    rows.push({
      load: name,
      answers: times.length,
      'p50 ms': quantile(times, 0.5).toFixed(1),
      'p99 ms': quantile(times, 0.99).toFixed(1),
      'resident MB': megabytes(residentBytes(server.pid))
    })
  }
}
clients.close()
await server.end('SIGTERM')

const slower = quantile(ratios, 0.5)
if (slower > MOST_SLOWER) broken.push(`the p99 is ${slower.toFixed(2)} times that of quiet; at most ${MOST_SLOWER}`)
report(
  rows,
  broken,
  `${puts} times ${megabytes(files[0].length)} MB put in: p99 of the others ${slower.toFixed(2)} times that of quiet, every answer that of one version`
)
