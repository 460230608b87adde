// The first table: the kernels and onnxruntime-node, one thread each, same weights, same inputs, taking turns.
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { implementations } from './implementations.mjs'
import { timeFirstModel } from './onnx-model.mjs'
import { alternate } from './rounds.mjs'
import { largestDifference, newRun, randomLayer, randomValues, referenceStates } from './sets.mjs'
import { median, pairwiseRatio } from './statistics.mjs'
import { difference, figure, ratio, table } from './table.mjs'

const shapes = [
  [5, 10, 7],
  [32, 1, 50],
  [64, 1, 50],
  [128, 1, 50],
  [256, 1, 50],
  [512, 1, 25],
  [1024, 1, 25],
  [128, 8, 50],
  [256, 8, 50],
  [512, 8, 25],
  [256, 32, 50],
  [512, 32, 25],
  [1024, 32, 25]
]

/** Of large shapes the reference kernel computes only the first columns: a column does not depend on the others. */
const REFERENCE_FLOP = 5e8

export async function kernels({ short }) {
  const rows = []
  for (const [n, m, T_x] of shapes) {
    const flop = 2 * 4 * n * 2 * n * m * T_x
    const layer = randomLayer(n)
    const x = randomValues(T_x * m * n, 1, n + m)
    const names = []
    const contestants = []
    const states = []
    const endings = []

    const session = await InferenceSession.create(timeFirstModel(layer, T_x, m), {
      intraOpNumThreads: 1,
      interOpNumThreads: 1
    })
    const feeds = { X: new Tensor('float32', x, [T_x, m, n]) }
    names.push('onnxruntime')
    contestants.push(() => session.run(feeds))
    states.push((await session.run(feeds)).Y.data)
    endings.push(() => session.release())

    for (const { name, create, mostFlop = Number.POSITIVE_INFINITY } of implementations) {
      if (flop > mostFlop) continue
      const kernel = create()
      const packed = kernel.packLayer(layer)
      const run = newRun(kernel, layer, x, m, T_x)
      const compute = () => {
        run.t = 0
        kernel.advance(packed, [run], T_x)
      }
      compute()
      names.push(name)
      contestants.push(compute)
      states.push(Float32Array.from(run.a.subarray(m * n)))
      endings.push(() => {
        for (const memory of [packed.memory, run.x, run.a, run.c]) kernel.release(memory)
        kernel.close()
      })
    }

    const times = await alternate(contestants, { rounds: short ? 5 : 15, sliceMicroseconds: short ? 5e3 : 2e4 })
    const columns = Math.max(1, Math.min(m, Math.floor((REFERENCE_FLOP / flop) * m)))
    const expected = firstColumns(x, T_x, m, n, columns)
    const reference = referenceStates(layer, expected, columns, T_x)
    for (const [i, name] of names.entries()) {
      const microseconds = median(times[i])
      rows.push([
        i === 0 ? `${n}, ${m}, ${T_x}` : '',
        name,
        figure(microseconds),
        figure(flop / microseconds / 1000),
        i === 0 ? '1' : ratio(pairwiseRatio(times[0], times[i])),
        difference(largestDifference(firstColumns(states[i], T_x, m, n, columns), reference))
      ])
    }
    for (const end of endings) await end()
  }
  return table(
    ['n_x = n_a, m, T_x', 'kernel', 'µs', 'GFLOP/s', 'speed against onnxruntime', 'largest difference'],
    rows
  )
}

/** The first columns of rows (T_x, m, n). */
function firstColumns(rows, T_x, m, n, columns) {
  if (columns === m) return rows
  const taken = new Float32Array(T_x * columns * n)
  for (let t = 0; t < T_x; t++) taken.set(rows.subarray(t * m * n, (t * m + columns) * n), t * columns * n)
  return taken
}
