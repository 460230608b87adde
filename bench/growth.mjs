// How the time of a request grows with T_x and with m: the time that the server takes, over HTTP.
import { LoadGenerator } from './load/load.mjs'
import { sequenceRequests } from './load/requests.mjs'
import { startOurs, workDirectory } from './servers.mjs'
import { randomLayer } from './sets.mjs'
import { logLogSlope, median } from './statistics.mjs'
import { figure, table } from './table.mjs'

const SIZE = 64
const lengths = [10, 30, 100, 300, 1000, 3000, 10_000]
const widths = [1, 3, 10, 30, 100, 300, 1000]
const FIXED_WIDTH = 1
const FIXED_LENGTH = 10

export async function growth({ short }) {
  const layer = randomLayer(SIZE)
  const { directory, remove } = await workDirectory()
  const server = await startOurs(directory, [['grown', layer]])
  const generator = new LoadGenerator()
  try {
    const time = async (T_x, m, encoding) => {
      const load = sequenceRequests('grown', layer, T_x, encoding, 4, m)
      const { latencies } = await generator.run({
        port: server.port,
        ...load,
        connections: 1,
        seconds: short ? 0.2 : 1,
        atLeast: 5
      })
      return median(latencies) * 1000
    }
    const tables = []
    for (const [title, values, at] of [
      ['T_x', lengths, (T_x) => [T_x, FIXED_WIDTH]],
      ['m', widths, (m) => [FIXED_LENGTH, m]]
    ]) {
      const rows = []
      for (const encoding of ['json', 'base64']) {
        const points = []
        for (const value of values) points.push([value, await time(...at(value), encoding)])
        rows.push([
          encoding,
          ...points.map(([, microseconds]) => figure(microseconds)),
          logLogSlope(points).toFixed(2),
          logLogSlope(points.slice(-3)).toFixed(2)
        ])
      }
      const header = ['form', ...values.map((value) => `${title} = ${value.toLocaleString('en-US')}`)]
      tables.push(table([...header, 'slope', 'slope of the last three'], rows))
    }
    return { lengths: tables[0], widths: tables[1] }
  } finally {
    await generator.stop()
    await server.stop()
    remove()
  }
}
