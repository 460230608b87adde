// The load generator: a process of its own that keeps HTTP/1.1 connections busy, one request at a time on each.
//
// It does as little as it can beside what is measured: the requests are bytes made beforehand, an answer is framed by
// its Content-Length and counted, not copied. Every answer must be a 200 as long as its request's first answer was;
// the first answer of every connection is read, and its numbers compared with the expected ones.

import { largestDifference } from '../sets.mjs'
import { readAnswer } from './answer.mjs'
import { Connection } from './connection.mjs'

const TOLERANCE = 1e-5
const MOST_MS = 60_000

process.on('message', async ({ id, load }) => {
  try {
    process.send({ id, result: await run(load) })
  } catch (error) {
    process.send({ id, error: error.message })
  }
})
process.on('disconnect', () => process.exit())

/**
 * Warms up until every connection has had an answer and `warmSeconds` have passed, then counts for `seconds`, or longer
 * until every connection has had two answers on average and there are `atLeast` answers, for a minute at most. The
 * `requests` are used in turns.
 *
 * With `everyMs` a connection's requests are due at a fixed rate, and a latency counts from when its request was due: a
 * client that had to wait would otherwise ask less often, and the waiting would hardly show in the percentiles.
 * @returns requests per second and the latencies in ms
 */
async function run({ port, requests, expected, encoding, connections, seconds, warmSeconds, atLeast, everyMs }) {
  const lengths = new Array(requests.length)
  const latencies = []
  let counting = false
  let firstAnswers = 0
  let stopping = false

  const begin = performance.now()
  const due = async (turn) => {
    const time = begin + turn * everyMs
    const early = time - performance.now()
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
    return time
  }

  const all = await Promise.all(Array.from({ length: connections }, () => Connection.open(port)))
  const loops = all.map(async (connection, number) => {
    for (let turn = number; !stopping; turn++) {
      const which = turn % requests.length
      const first = turn === number
      const start = everyMs === undefined ? performance.now() : await due(turn - number)
      const { status, length, body, jsonBytes } = await connection.ask(requests[which], first)
      const end = performance.now()
      if (status !== 200) throw new Error(`status ${status}: ${body}`)
      lengths[which] ??= length
      if (lengths[which] !== length) throw new Error(`an answer has ${length} bytes, an earlier one ${lengths[which]}`)
      if (first) {
        check(readAnswer(body, encoding, jsonBytes), expected[which])
        firstAnswers++
      }
      if (counting) latencies.push(end - start)
    }
  })
  const failed = Promise.all(loops).then(() => new Promise(() => {}))
  const pause = (ms) => Promise.race([failed, new Promise((resolve) => setTimeout(resolve, ms))])

  try {
    const warm = performance.now()
    while (firstAnswers < connections || performance.now() - warm < warmSeconds * 1000) await pause(5)
    const cpu = process.cpuUsage()
    const start = performance.now()
    counting = true
    const needed = Math.max(atLeast, 2 * connections)
    await pause(seconds * 1000)
    while (latencies.length < needed && performance.now() - start < MOST_MS) await pause(5)
    const elapsed = (performance.now() - start) / 1000
    counting = false
    const { user, system } = process.cpuUsage(cpu)
    return {
      perSecond: latencies.length / elapsed,
      latencies: Float64Array.from(latencies),
      cpuMicroseconds: (user + system) / latencies.length
    }
  } finally {
    stopping = true
    for (const connection of all) connection.close()
  }
}

function check(values, expected) {
  const difference = largestDifference(values, expected)
  if (values.length < expected.length)
    throw new Error(`an answer has ${values.length} values; expected ${expected.length}`)
  if (!(difference <= TOLERANCE)) throw new Error(`an answer is ${difference} away from the reference`)
}
