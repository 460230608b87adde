// The third table: the service as `npm start` runs it, beside two peers, under load over HTTP.
import { LoadGenerator } from './load/load.mjs'
import { sequenceRequests } from './load/requests.mjs'
import { untilSteady } from './load/steady.mjs'
import { startClusterPeer, startOurs, startSinglePeer, workDirectory, writeModels } from './servers.mjs'
import { randomLayer } from './sets.mjs'
import { median, pairwiseRatio, quantile } from './statistics.mjs'
import { figure, ratio, table } from './table.mjs'

const T_x = 50
const sizes = [32, 64, 128, 512]
const MIXED_SIZE = 256
const connectionCounts = [1, 8, 64]
const encodings = ['json', 'base64']

export async function http({ short }) {
  const layers = new Map([...sizes, MIXED_SIZE].map((n) => [n, randomLayer(n)]))
  const sets = [...layers].map(([n, layer]) => [`n${n}`, layer])
  const { directory, remove } = await workDirectory()
  const generator = new LoadGenerator()
  const servers = []
  try {
    await writeModels(directory, sets)
    servers.push(await startOurs(directory, sets))
    servers.push(await startSinglePeer(directory))
    servers.push(await startClusterPeer(directory))
    const steady = await steadyLoad(generator, servers, layers, short)
    const binary = await binaryLoad(generator, servers[0], layers, short)
    const mixed = await mixedLoad(servers, layers.get(MIXED_SIZE), short)
    return { steady, binary, mixed }
  } finally {
    await generator.stop()
    await Promise.all(servers.map((server) => server.stop()))
    remove()
  }
}

async function steadyLoad(generator, servers, layers, short) {
  const rounds = short ? 2 : 5
  const seconds = short ? 0.3 : 0.6
  const rows = []
  for (const encoding of encodings) {
    for (const n of sizes) {
      const load = sequenceRequests(`n${n}`, layers.get(n), T_x, encoding)
      for (const connections of connectionCounts) {
        const results = servers.map(() => [])
        for (const { port } of servers) await untilSteady(generator, { port, ...load, connections }, short)
        for (let round = 0; round < rounds; round++) {
          for (const [i, { name, port }] of servers.entries()) {
            results[i].push(await labelled(name, generator.run({ port, ...load, connections, seconds })))
          }
        }
        const rates = results.map((runs) => runs.map(({ perSecond }) => perSecond))
        const better = betterPeer(rates)
        rows.push([
          encoding,
          String(n),
          String(connections),
          ...results.map(summary),
          // Of rates the larger is the better one, so ours stands above theirs.
          ratio(pairwiseRatio(rates[0], rates[better])),
          servers[better].name
        ])
      }
    }
  }
  const header = [
    'form',
    'n_x = n_a',
    'connections',
    ...servers.map(({ name }) => name),
    'ours against the better',
    'which'
  ]
  return table(header, rows)
}

/** Raw tensors on the route of the Open Inference Protocol, beside base64 on our own. */
async function binaryLoad(generator, { name, port }, layers, short) {
  const rounds = short ? 3 : 7
  const seconds = short ? 0.3 : 0.6
  const rows = []
  for (const n of sizes) {
    const loads = ['binary', 'base64'].map((encoding) => sequenceRequests(`n${n}`, layers.get(n), T_x, encoding))
    for (const connections of connectionCounts) {
      const results = loads.map(() => [])
      for (const load of loads) await untilSteady(generator, { port, ...load, connections }, short)
      for (let round = 0; round < rounds; round++) {
        for (const [i, load] of loads.entries()) {
          results[i].push(await labelled(name, generator.run({ port, ...load, connections, seconds })))
        }
      }
      const [ours, native] = results.map((runs) => runs.map(({ perSecond }) => perSecond))
      rows.push([String(n), String(connections), ...results.map(summary), ratio(pairwiseRatio(ours, native))])
    }
  }
  return table(['n_x = n_a', 'connections', 'raw bytes, /v2', 'base64, /sequence', 'raw bytes against base64'], rows)
}

/** The index of the peer with the most requests a second, by the medians. */
function betterPeer(rates) {
  let best = 1
  for (let i = 2; i < rates.length; i++) if (median(rates[i]) > median(rates[best])) best = i
  return best
}

/** Requests a second with their spread over the rounds; median latency; 99th percentile, the median of the rounds'. */
function summary(runs) {
  const rates = runs.map(({ perSecond }) => perSecond)
  const latency = (q) => figure(median(runs.map(({ latencies }) => quantile(latencies, q))))
  return `${figure(median(rates))} (${figure(Math.min(...rates))}–${figure(Math.max(...rates))}); ${latency(0.5)}; ${latency(0.99)}`
}

const LONG = 5000
const SHORT = 10
const SHORT_CLIENTS = 8
const SHORT_EVERY_MS = 25

/** One client with long sequences, back to back, and eight with short ones: how long do the short ones wait? */
async function mixedLoad(servers, layer, short) {
  const rounds = short ? 1 : 3
  const seconds = short ? 1.5 : 4
  const rows = []
  // Two generators, so that sending and receiving a long one does not hold up the clock of the short ones.
  const generators = { long: new LoadGenerator(), short: new LoadGenerator() }
  try {
    for (const encoding of encodings) {
      const long = sequenceRequests(`n${MIXED_SIZE}`, layer, LONG, encoding, 1)
      const brief = sequenceRequests(`n${MIXED_SIZE}`, layer, SHORT, encoding)
      const results = servers.map(() => [])
      for (let round = 0; round < rounds; round++) {
        for (const [i, { name, port }] of servers.entries()) {
          const load = { port, seconds, warmSeconds: 0.5 }
          const both = Promise.all([
            generators.long.run({ ...load, ...long, connections: 1 }),
            generators.short.run({ ...load, ...brief, connections: SHORT_CLIENTS, everyMs: SHORT_EVERY_MS })
          ])
          results[i].push(await labelled(name, both))
        }
      }
      const p99 = results.map((runs) => runs.map(([, { latencies }]) => quantile(latencies, 0.99)))
      const best = Math.min(...p99.slice(1).map(median))
      for (const [i, runs] of results.entries()) {
        rows.push([
          encoding,
          servers[i].name,
          figure(median(p99[i])),
          i === 0 ? `1/${(best / median(p99[0])).toFixed(1)} of the better` : '',
          figure(median(runs.map(([, { latencies }]) => quantile(latencies, 0.5)))),
          figure(median(runs.map(([, { perSecond }]) => perSecond))),
          figure(median(runs.map(([{ perSecond }]) => perSecond)))
        ])
      }
    }
  } finally {
    await generators.long.stop()
    await generators.short.stop()
  }
  const header = [
    'form',
    'server',
    'short: p99, ms',
    'ratio',
    'short: p50, ms',
    'short: requests/s',
    'long: requests/s'
  ]
  return table(header, rows)
}

/** Says which server a failure of the load was about. */
async function labelled(name, load) {
  try {
    return await load
  } catch (error) {
    throw new Error(`${name}: ${error.message}`, { cause: error })
  }
}
