// fuzz.mjs [BODIES] [SEED] [PART]: so many bodies for each route that takes one and has PART in its path: generated from
// openapi.yaml, good ones with bytes changed, files of frameworks among them, and requests with raw tensors. Every answer
// is one that the document has, none is a 5xx, no worker dies, no memory is lost, and a known request is answered as
// before. 100,000 by hand, 2,000 in CI; a seed gives the same bodies again. Needs a build.
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parse } from 'yaml'
import { buildApp } from '../../dist/src/app.js'
import { loadConfig } from '../../dist/src/config.js'
import { SharedHeap } from '../../dist/src/kernels/memory.js'
import { faultOf } from './fuzz/answers.mjs'
import { Random } from './fuzz/random.mjs'
import { known, targets } from './fuzz/targets.mjs'
import { set } from './server.mjs'

const bodies = Number(process.argv[2] ?? 100_000)
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 31)
const part = process.argv[4] ?? ''
const CLIENTS = 16
/** Of resident memory, from after one half of a route's bodies to after the other. */
const MOST_GROWTH_BYTES = 32 * 2 ** 20
console.log(`seed ${seed}`)

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')
const document = parse(readFileSync(new URL('../../openapi.yaml', import.meta.url), 'utf8'))
const app = await buildApp(loadConfig({ LSTM_LOG_LEVEL: 'silent', LSTM_WORKERS: '2' }, []))
const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS + 2 })

function ask(method, path, body, more = {}) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-length': body?.length ?? 0, ...more }
    const sent = request({ host: '127.0.0.1', port, method, path, headers, agent }, (answer) => {
      const pieces = []
      answer.on('data', (piece) => pieces.push(piece))
      answer.on('end', () => {
        const bytes = Buffer.concat(pieces)
        resolve({ status: answer.statusCode, headers: answer.headers, bytes, text: bytes.toString() })
      })
      answer.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const json = (value) => Buffer.from(JSON.stringify(value))
const asJson = { 'content-type': 'application/json' }
await ask('PUT', '/parameters/p', json(set(1, 4, 8, 3)), asJson)
await ask('PUT', '/parameters/q', json(set(2, 4, 8, 3)), asJson)
const { status, text: expected } = await ask('POST', '/sequence', known, asJson)
if (status !== 200) throw new Error(expected)

const heap = new SharedHeap(app.pool.sharedKernel.memory)
const large = readFileSync(new URL('../../examples/words/parameters.npz', import.meta.url))
/** What the bodies put in goes out again: then memory is what it was. */
async function settledMemory() {
  // the thread that reads large sets has memory of its own while it is there: so that it is there each time
  await ask('PUT', '/parameters/fuzzed-0', large)
  for (let i = 0; i < 4; i++) await ask('DELETE', `/parameters/fuzzed-${i}`)
  // what the workers collect late they have collected by then
  for (let i = 0; i < 40; i++) await ask('POST', '/sequence', known, asJson)
  await new Promise((resolve) => setTimeout(resolve, 1500))
  collect()
  return { kernel: heap.usedBytes, resident: process.memoryUsage.rss() }
}

const broken = []
const rows = []
for (const { method, path, documented, request: made } of targets(document)) {
  if (!path.includes(part)) continue
  const statuses = new Map()
  let n = 0
  const client = async (end) => {
    while (n < end) {
      const which = n++
      const { body, headers, query, model } = made(new Random(seed + which * 7919))
      const url = path.replace(/\{(?:name|model)\}/, model ?? `fuzzed-${which % 4}`).replace('{id}', which % 4) + query
      const answer = await ask(method, url, body, headers).catch((error) => ({ status: 0, text: String(error) }))
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
      const fault = faultOf(answer, documented)
      if (fault !== undefined) {
        broken.push(`${method} ${url} body ${which}: ${fault}; ${JSON.stringify(headers)}, the body: ${excerpt(body)}`)
      }
    }
  }
  const begin = performance.now()
  const memory = [await settledMemory()]
  for (const end of [bodies / 2, bodies]) {
    await Promise.all(Array.from({ length: CLIENTS }, () => client(end)))
    memory.push(await settledMemory())
  }
  const seconds = (performance.now() - begin) / 1000
  const [before, half, after] = memory
  const left = after.kernel - before.kernel
  rows.push({
    route: `${method} ${path}`,
    bodies,
    seconds: seconds.toFixed(1),
    answers: [...statuses]
      .sort()
      .map((pair) => pair.join(': '))
      .join(', '),
    'kernel bytes left': left,
    'resident MB': memory.map(({ resident }) => Math.round(resident / 2 ** 20)).join(' → ')
  })
  if (left !== 0) broken.push(`${path}: ${left} bytes of the kernel's memory are lost`)
  const growth = after.resident - half.resident
  if (growth > MOST_GROWTH_BYTES) broken.push(`${path}: the second half of the bodies took ${growth} bytes of memory`)
}

function excerpt(body) {
  return body.length < 400 ? body.toString('latin1') : `${body.toString('base64', 0, 300)}…`
}

const { text: metrics } = await ask('GET', '/metrics')
const restarts = Number(/^lstm_worker_restarts_total (\d+)/m.exec(metrics)[1])
const { text: again } = await ask('POST', '/sequence', known, asJson)
if (restarts > 0) broken.push(`${restarts} workers died`)
if (again !== expected) broken.push(`the known request is answered ${again.slice(0, 300)}`)
agent.destroy()
await app.close()

console.table(rows)
if (broken.length > 0) {
  console.error(`not ok - ${broken.length} faults, seed ${seed}:\n${broken.slice(0, 10).join('\n')}`)
  process.exitCode = 1
} else console.log(`ok - ${bodies} bodies for each of ${rows.length} routes, no 5xx, no dead worker, no memory lost`)
