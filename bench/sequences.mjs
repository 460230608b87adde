// What 10,000 idle sequences cost in memory, and how long one step of a sequence takes over loopback. Linux: reads /proc.
//
//   npm run build && node bench/sequences.mjs
//
// The same requests without sequence_id go before and between, in the same process: what they leave behind (code, heap,
// sockets) is no cost of sequences.
import { readFile } from 'node:fs/promises'
import { Connection } from './load/connection.mjs'
import { startOurs, workDirectory } from './servers.mjs'
import { randomLayer, randomValues } from './sets.mjs'
import { quantile } from './statistics.mjs'
import { figure, table } from './table.mjs'

const SEQUENCES = 10_000
const STEPS = 3000
const WARM = 2000
const N = 128
const SETTLE_MS = 3000

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

async function residentMb({ pid }) {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')
  return (Number(/^Rss:\s+(\d+)/m.exec(text)[1]) * 1024) / 1e6
}

/** One step, binary FP32 both ways. */
function request(parameters) {
  const x = Buffer.from(randomValues(N, 1, 5).buffer)
  const input = { name: 'x', shape: [N, 1, 1], datatype: 'FP32', parameters: { binary_data_size: x.length } }
  const json = JSON.stringify({
    parameters: { binary_data_output: true, ...parameters },
    inputs: [input],
    outputs: [{ name: 'a' }]
  })
  const head = [
    'POST /v2/models/p/infer HTTP/1.1',
    'host: 127.0.0.1',
    `inference-header-content-length: ${json.length}`,
    `content-length: ${json.length + x.length}`
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n${json}`), x])
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

async function main() {
  const { directory, remove } = await workDirectory()
  const server = await startOurs(directory, [['p', randomLayer(N)]], { LSTM_WORKERS: '2' })
  const connection = await Connection.open(server.port)
  try {
    await timesOf(connection, SEQUENCES, () => ({}))
    await timesOf(connection, WARM, (i) => step(SEQUENCES + 1, i === 0))
    await pause(SETTLE_MS)
    const before = await residentMb(server)
    await timesOf(connection, SEQUENCES, () => ({}))
    await pause(SETTLE_MS)
    const plain = await residentMb(server)
    await timesOf(connection, SEQUENCES, (i) => step(i + 1, true))
    await pause(SETTLE_MS)
    const after = await residentMb(server)
    console.log(`${SEQUENCES} idle sequences, n_a = ${N}, m = 1`)
    console.log(
      table(
        ['when', 'RSS, MB', 'more, MB'],
        [
          ['before', figure(before), ''],
          [`after ${SEQUENCES} requests of no sequence`, figure(plain), figure(plain - before)],
          [`after ${SEQUENCES} sequences were begun`, figure(after), figure(after - plain)]
        ]
      )
    )
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

await main()
