// fuzz.mjs [BODIES] [SEED]: so many bodies for each route that takes one, half of them generated from openapi.yaml, half
// good ones with bytes changed, files of frameworks among them. Every answer is one that the document has, none is a 5xx,
// no worker dies, no memory is lost, and a known request is answered as before. 100,000 by hand, 2,000 in CI; a seed gives
// the same bodies again. Needs a build.
import { readdirSync, readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parse } from 'yaml'
import { buildApp } from '../../dist/src/app.js'
import { loadConfig } from '../../dist/src/config.js'
import { SharedHeap } from '../../dist/src/kernels/memory.js'
import { Generator } from './fuzz/generate.mjs'
import { mutate } from './fuzz/mutate.mjs'
import { Random } from './fuzz/random.mjs'
import { set } from './server.mjs'

const bodies = Number(process.argv[2] ?? 100_000)
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 31)
const CLIENTS = 16
/** Of resident memory, from after one half of a route's bodies to after the other. */
const MOST_GROWTH_BYTES = 32 * 2 ** 20
console.log(`seed ${seed}`)

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')
const file = (path) => readFileSync(new URL(`../../${path}`, import.meta.url))
const document = parse(file('openapi.yaml').toString())
const app = await buildApp(loadConfig({ LSTM_LOG_LEVEL: 'silent', LSTM_WORKERS: '2' }, []))
const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS + 2 })

function ask(method, path, body, type) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-length': body?.length ?? 0, ...(type && { 'content-type': type }) }
    const sent = request({ host: '127.0.0.1', port, method, path, headers, agent }, (answer) => {
      const pieces = []
      answer.on('data', (piece) => pieces.push(piece))
      answer.on('end', () => resolve({ status: answer.statusCode, text: Buffer.concat(pieces).toString() }))
      answer.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const json = (value) => Buffer.from(JSON.stringify(value))
const good = {
  '/cell': [json({ parameters: 'p', xt: matrix(4, 3), a_prev: matrix(8, 3), outputs: ['ft', 'cache'] }), base64Cell()],
  '/sequence': [
    json({ parameters: 'p', x: matrix(4, 2).map((row) => row.map((value) => [value, 0.5, -value])) }),
    json({
      parameters: set(1, 2, 3, 2),
      layout: 'time_first',
      x: [matrix(2, 2)],
      lengths: [1, 1],
      outputs: ['caches']
    }),
    json({ parameters: 'q', layout: 'batch_first', x: [matrix(9, 4)], steps: 'last', encoding: 'base64' })
  ],
  '/parameters/{name}': [json(set(2, 3, 4, 2)), ...fixtures()]
}

function matrix(rows, columns) {
  return Array.from({ length: rows }, (_, r) => Array.from({ length: columns }, (_, c) => Math.sin(3 * r + c)))
}

function base64Cell() {
  const data = Buffer.from(Float32Array.from({ length: 4 }, Math.random).buffer).toString('base64')
  return json({ parameters: 'p', xt: { shape: [4, 1], data }, outputs: ['ot'] })
}

function fixtures() {
  return ['npz', 'pytorch', 'onnx', 'keras'].flatMap((folder) =>
    readdirSync(new URL(`../fixtures/${folder}/`, import.meta.url))
      .filter((name) => /\.(npz|safetensors|onnx|pt|keras|h5)$/.test(name))
      .map((name) => file(`test/fixtures/${folder}/${name}`))
  )
}

await ask('PUT', '/parameters/p', json(set(1, 4, 8, 3)))
await ask('PUT', '/parameters/q', json(set(2, 4, 8, 3)))
const known = json({ parameters: 'p', x: matrix(4, 5).map((row) => row.map((value) => [value, value / 2])) })
const { status, text: expected } = await ask('POST', '/sequence', known, 'application/json')
if (status !== 200) throw new Error(expected)

const heap = new SharedHeap(app.pool.sharedKernel.memory)
/** What the bodies put in goes out again: then memory is what it was. */
async function settledMemory() {
  for (let i = 0; i < 4; i++) await ask('DELETE', `/parameters/fuzzed-${i}`)
  // what the workers collect late they have collected by then
  for (let i = 0; i < 40; i++) await ask('POST', '/sequence', known, 'application/json')
  await new Promise((resolve) => setTimeout(resolve, 1500))
  collect()
  return { kernel: heap.usedBytes, resident: process.memoryUsage.rss() }
}

const broken = []
const rows = []
for (const [path, samples] of Object.entries(good)) {
  const [method, operation] = Object.entries(document.paths[path]).find(([name]) => name === 'post' || name === 'put')
  const schema = operation.requestBody.content['application/json'].schema
  const documented = new Set(Object.keys(operation.responses).map(Number))
  const statuses = new Map()
  let n = 0
  const client = async (end) => {
    while (n < end) {
      const which = n++
      const random = new Random(seed + which * 7919)
      const generator = new Generator(document, random)
      const generated = random.chance(samples.length > 5 ? 0.3 : 0.5)
      let body = generated ? json(generator.body(schema)) : random.of(samples)
      if (!generated || random.chance(0.2)) body = mutate(body, random, samples)
      const query = generator.query(operation.parameters ?? [])
      const url = path.replace('{name}', `fuzzed-${which % 4}`) + query
      const answer = await ask(method.toUpperCase(), url, body, 'application/json').catch((error) => ({
        status: 0,
        text: String(error)
      }))
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
      const fault = faultOf(answer, documented)
      if (fault !== undefined) broken.push(`${method} ${url} body ${which}: ${fault}; the body: ${excerpt(body)}`)
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
    route: `${method.toUpperCase()} ${path}`,
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

function faultOf({ status, text }, documented) {
  if (status >= 500 || !documented.has(status)) return `answered ${status} ${text.slice(0, 300)}`
  try {
    const answer = JSON.parse(text)
    if (status >= 400 && !/^LSTM_ERR_/.test(answer.code)) return `an error without a code: ${text.slice(0, 300)}`
  } catch {
    return `an answer that is no JSON: ${text.slice(0, 300)}`
  }
  return undefined
}

function excerpt(body) {
  return body.length < 400 ? body.toString('latin1') : `${body.toString('base64', 0, 300)}…`
}

const { text: metrics } = await ask('GET', '/metrics')
const restarts = Number(/^lstm_worker_restarts_total (\d+)/m.exec(metrics)[1])
const { text: again } = await ask('POST', '/sequence', known, 'application/json')
if (restarts > 0) broken.push(`${restarts} workers died`)
if (again !== expected) broken.push(`the known request is answered ${again.slice(0, 300)}`)
agent.destroy()
await app.close()

console.table(rows)
if (broken.length > 0) {
  console.error(`not ok - ${broken.length} faults, seed ${seed}:\n${broken.slice(0, 10).join('\n')}`)
  process.exitCode = 1
} else console.log(`ok - ${bodies} bodies for each of ${rows.length} routes, no 5xx, no dead worker, no memory lost`)
