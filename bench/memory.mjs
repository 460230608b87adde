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
    const layer = randomLayer(LARGE)
    // First a small set and some requests: what a process needs once is no cost of the large set.
    await put(server, 'small', randomLayer(32), 'npz')
    const small = sequenceRequests('small', randomLayer(32), 50, 'json')
    const work = () => generator.run({ port: server.port, ...small, connections: 8, seconds: 3 })
    await work()
    await pause(SETTLE_MS)
    const before = await measure(server)
    await put(server, 'large', layer, 'npz')
    const loaded = await measure(server)
    await pause(SETTLE_MS)
    const settled = await measure(server)
    // Requests, so that the collector has reason to come.
    await work()
    const worked = await measure(server)
    const row = (when, { rss, pss }) => [
      when,
      figure(rss),
      figure(pss),
      figure(rss - before.rss),
      figure(pss - before.pss)
    ]
    return table(
      ['when', 'RSS, MB', 'PSS, MB', 'RSS more, MB', 'PSS more, MB'],
      [
        row('before', before),
        row('after PUT was answered', loaded),
        row(`${SETTLE_MS / 1000} s later`, settled),
        row('after 3 s of small requests', worked)
      ]
    )
  } finally {
    await generator.stop()
    await server.stop()
  }
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
