// workers.mjs [SECONDS]: a worker is killed every 500 ms under load. No request may fail, no answer may be wrong, and the
// kernel's memory is as it was. 60 seconds by hand, a few in CI. Needs a build.
import { buildApp } from '../../dist/src/app.js'
import { loadConfig } from '../../dist/src/config.js'
import { SharedHeap } from '../../dist/src/kernels/memory.js'
import { set } from './server.mjs'

const seconds = Number(process.argv[2] ?? 60)
const workers = []
/** The thread that imports a large set is left alone: it is not replaced, and its memory would go with it. */
let importing = false
process.on('worker', (worker) => {
  if (importing) return
  workers.push(worker)
  worker.once('exit', () => workers.splice(workers.indexOf(worker), 1))
})
const app = await buildApp(loadConfig({ LSTM_LOG_LEVEL: 'silent', LSTM_WORKERS: '2' }, []))
const origin = await app.listen({ port: 0, host: '127.0.0.1' })
const ask = (path, body, method = 'POST') =>
  fetch(`${origin}${path}`, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

importing = true
await ask('/parameters/p', set(1, 8, 64, 4), 'PUT')
await ask('/parameters/large', set(3, 8, 160, 4), 'PUT') // a lone sequence of it may have a helper
importing = false
const x = (m, T_x) =>
  Array.from({ length: 8 }, (_, n) =>
    Array.from({ length: m }, (_, j) => Array.from({ length: T_x }, (_, t) => ((n + 3 * j + 7 * t) % 11) / 11 - 0.5))
  )
const requests = [
  ['/cell', { parameters: 'p', xt: x(3, 1).map((row) => row.flat()) }],
  ['/sequence', { parameters: 'p', x: x(2, 50), outputs: ['a_last', 'y'] }],
  ['/sequence', { parameters: 'p', x: x(4, 800), outputs: ['a_last'] }],
  ['/sequence', { parameters: 'large', x: x(1, 400), outputs: ['a_last'] }],
  ['/sequence', { parameters: set(2, 8, 16, 2), x: x(1, 100) }]
]
const expected = []
for (const [path, body] of requests) expected.push(await (await ask(path, body)).text())
const heap = new SharedHeap(app.pool.sharedKernel.memory)
const before = heap.usedBytes

const end = Date.now() + seconds * 1000
const wrong = []
let answered = 0
const client = async (i) => {
  for (let n = i; Date.now() < end; n++) {
    const [path, body] = requests[n % requests.length]
    const answer = await ask(path, body)
    const text = await answer.text()
    answered++
    if (answer.status !== 200 || text !== expected[n % requests.length])
      wrong.push(`${path} ${answer.status} ${text.slice(0, 200)}`)
  }
}
let killed = 0
const killer = setInterval(() => {
  const worker = workers[Math.floor(Math.random() * workers.length)]
  if (worker === undefined) return
  killed++
  void worker.terminate()
}, 500)
await Promise.all(Array.from({ length: 8 }, (_, i) => client(i)))
clearInterval(killer)
while (app.pool.workers < 2) await new Promise((resolve) => setTimeout(resolve, 10))
for (let i = 0; i < 200 && heap.usedBytes > before; i++) await new Promise((resolve) => setTimeout(resolve, 10))
const left = heap.usedBytes - before
await app.close()

if (wrong.length > 0 || left !== 0) {
  console.error(
    `not ok - ${wrong.length} of ${answered} answers failed or are wrong, ${left} bytes are left: ${wrong[0] ?? ''}`
  )
  process.exitCode = 1
} else {
  console.log(
    `ok - ${killed} workers killed in ${seconds} s under load, ${answered} answers, none failed, none wrong, no memory lost`
  )
}
