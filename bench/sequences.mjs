// What 10,000 idle sequences cost in memory, and how long one step of a sequence takes over loopback.
//
//   npm run build && node bench/sequences.mjs
//
// Memory is that of the service in this process, read after all garbage has been collected: as seen from outside, what
// a collection leaves behind or gives back is more than the sequences. Requests without sequence_id go before them.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { buildApp } from '../dist/src/app.js'
import { loadConfig } from '../dist/src/config.js'
import { Connection } from './load/connection.mjs'
import { startOurs, workDirectory } from './servers.mjs'
import { putJson, randomLayer, randomValues } from './sets.mjs'
import { quantile } from './statistics.mjs'
import { figure, table } from './table.mjs'

const SEQUENCES = 10_000
const STEPS = 3000
const WARM = 2000
const N = 128

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')

/** Megabytes that are in use in this process, in V8's heap and outside. */
function usedMb() {
  collect()
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return (heapUsed + arrayBuffers) / 1e6
}

/** One step, binary FP32 both ways: the head of a request, and its body. */
function infer(parameters) {
  const x = Buffer.from(randomValues(N, 1, 5).buffer)
  const input = { name: 'x', shape: [N, 1, 1], datatype: 'FP32', parameters: { binary_data_size: x.length } }
  const json = JSON.stringify({
    parameters: { binary_data_output: true, ...parameters },
    inputs: [input],
    outputs: [{ name: 'a' }]
  })
  return {
    headers: { 'inference-header-content-length': json.length, 'content-length': json.length + x.length },
    body: Buffer.concat([Buffer.from(json), x])
  }
}

function request(parameters) {
  const { headers, body } = infer(parameters)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  const head = ['POST /v2/models/p/infer HTTP/1.1', 'host: 127.0.0.1', ...lines].join('\r\n')
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`), body])
}

/** Sends one after the other. @returns milliseconds of each */
async function timesOf(connection, count, each) {
  const times = []
  for (let i = 0; i < count; i++) {
    const bytes = request(each(i))
    const sent = performance.now()
    const { status, body } = await connection.ask(bytes, false)
    times.push(performance.now() - sent)
    if (status !== 200) throw new Error(`${status} ${body}`)
  }
  return times
}

const step = (id, start) => ({ sequence_id: id, sequence_start: start, sequence_end: false })

async function memory() {
  const app = await buildApp(loadConfig({ LSTM_LOG_LEVEL: 'silent', LSTM_WORKERS: '2' }, []))
  const ask = async (count, each) => {
    for (let i = 0; i < count; i++) {
      const { headers, body: payload } = infer(each(i))
      const { statusCode, body } = await app.inject({ method: 'POST', url: '/v2/models/p/infer', headers, payload })
      if (statusCode !== 200) throw new Error(`${statusCode} ${body}`)
    }
    return usedMb()
  }
  const type = { 'content-type': 'application/json' }
  await app.inject({ method: 'PUT', url: '/parameters/p', headers: type, payload: putJson(randomLayer(N)) })
  await ask(2 * SEQUENCES, () => ({}))
  const before = await ask(SEQUENCES, () => ({}))
  const plain = await ask(SEQUENCES, () => ({}))
  const after = await ask(SEQUENCES, (i) => step(i + 1, true))
  await app.close()
  console.log(`${SEQUENCES} idle sequences, n_a = ${N}, m = 1`)
  console.log(
    table(
      ['when', 'in use, MB', 'more, MB'],
      [
        ['before', figure(before), ''],
        [`after ${SEQUENCES} requests of no sequence`, figure(plain), figure(plain - before)],
        [`after ${SEQUENCES} sequences were begun`, figure(after), figure(after - plain)]
      ]
    )
  )
}

async function latency() {
  const { directory, remove } = await workDirectory()
  const server = await startOurs(directory, [['p', randomLayer(N)]], { LSTM_WORKERS: '2' })
  const connection = await Connection.open(server.port)
  try {
    await timesOf(connection, WARM, () => ({}))
    await timesOf(connection, SEQUENCES, (i) => step(i + 1, true))
    const rows = []
    for (let round = 0; round < 3; round++) {
      const none = await timesOf(connection, STEPS, () => ({}))
      const one = await timesOf(connection, STEPS, (i) => step(SEQUENCES + 2 + round, i === 0))
      for (const [what, times] of [
        ['of none', none],
        ['of a sequence', one]
      ]) {
        rows.push([what, figure(quantile(times, 0.5)), figure(quantile(times, 0.99))])
      }
    }
    console.log(`\nOne step, T_x = 1, binary FP32, one connection over loopback, ${SEQUENCES} sequences idle`)
    console.log(table(['request', 'p50, ms', 'p99, ms'], rows))
  } finally {
    connection.close()
    await server.stop()
    remove()
  }
}

await memory()
await latency()
