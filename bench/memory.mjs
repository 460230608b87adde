// What a large set costs in memory, and whether memory stays flat under many small requests. Reads /proc, so: Linux.
import { readFile } from 'node:fs/promises'
import { LoadGenerator } from './load/load.mjs'
import { sequenceRequests } from './load/requests.mjs'
import { put, startOurs, workDirectory } from './servers.mjs'
import { randomLayer } from './sets.mjs'
import { slope } from './statistics.mjs'
import { figure, table } from './table.mjs'

const MB = 1e6
/** 4 · n · 2n float32 are 64 MB at n = 1414. */
const LARGE = 1414
const SETTLE_MS = 3000
const WORK_S = 4
const REQUESTS = 200_000
const SAMPLE_EVERY = 10_000

export async function memory({ short }) {
  const { directory, remove } = await workDirectory()
  try {
    return { set: await largeSet(directory), requests: await manyRequests(directory, short ? REQUESTS / 10 : REQUESTS) }
  } finally {
    remove()
  }
}

/** Resident and proportional memory in MB. */
async function measure({ pid }) {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')
  const kilobytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)[1])
  return { rss: (kilobytes('Rss') * 1024) / MB, pss: (kilobytes('Pss') * 1024) / MB }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

async function largeSet(directory) {
  const server = await startOurs(directory, [], { LSTM_WORKERS: '4' })
  const generator = new LoadGenerator()
  try {
    // First a small set and requests: what a process needs once is no cost of the large set.
    const small = randomLayer(32)
    await put(server, 'small', small, 'npz')
    const load = { port: server.port, ...sequenceRequests('small', small, 50, 'json'), connections: 8, seconds: WORK_S }
    await generator.run(load)
    const before = await leastUnder(generator.run(load), server)
    await put(server, 'large', randomLayer(LARGE), 'npz')
    const loaded = await measure(server)
    await pause(SETTLE_MS)
    const settled = await measure(server)
    await generator.run(load)
    const after = await leastUnder(generator.run(load), server)
    const rows = [
      ['before, under small requests', before],
      ['when PUT was answered', loaded],
      [`${SETTLE_MS / 1000} s later, idle`, settled],
      ['after that, under small requests', after]
    ]
    return table(
      ['when', 'RSS, MB', 'PSS, MB', 'RSS more, MB', 'PSS more, MB'],
      rows.map(([when, { rss, pss }]) => [when, ...[rss, pss, rss - before.rss, pss - before.pss].map(figure)])
    )
  } finally {
    await generator.stop()
    await server.stop()
  }
}

/** The least memory while `work` lasts: just after a collection. */
async function leastUnder(work, server) {
  let done = false
  const ended = work.finally(() => {
    done = true
  })
  let least = await measure(server)
  while (!done) {
    await Promise.race([ended, pause(100)])
    const now = await measure(server)
    least = { rss: Math.min(least.rss, now.rss), pss: Math.min(least.pss, now.pss) }
  }
  await ended
  return least
}

async function manyRequests(directory, count) {
  const layer = randomLayer(32)
  const server = await startOurs(directory, [['small', layer]])
  const generator = new LoadGenerator()
  try {
    const every = SAMPLE_EVERY * (count / REQUESTS)
    const samples = []
    const load = sequenceRequests('small', layer, 2, 'json')
    for (let done = 0; done <= count; ) {
      samples.push([done, (await measure(server)).rss])
      const { latencies } = await generator.run({
        port: server.port,
        ...load,
        connections: 8,
        seconds: 0,
        warmSeconds: 0,
        atLeast: every
      })
      done += latencies.length
    }
    const later = samples.slice(samples.length / 2)
    return table(
      ['requests', 'RSS, MB', 'growth in the second half, MB for 100,000 requests'],
      samples.map(([done, rss], i) => [
        done.toLocaleString('en-US'),
        figure(rss),
        i === samples.length - 1 ? figure(slope(later) * 1e5) : ''
      ])
    )
  } finally {
    await generator.stop()
    await server.stop()
  }
}
