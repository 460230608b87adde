// What smaller recurrent weights gain at m = 1, one thread: the native kernel with float32, bfloat16 and int8 in turns.
//
//   npm run build && node bench/precision.mjs [--variant avx2]
//
// n_x is 1, so that a step is the recurrent part and nothing else. Medians of rounds.
import { parseArgs } from 'node:util'
import { NativeKernel } from '../dist/src/kernels/native/kernel.js'
import { precisions } from '../dist/src/kernels/precision.js'

const ROUNDS = 21
const T_x = 25

const { values: options } = parseArgs({ options: { variant: { type: 'string' } } })
const kernel = new NativeKernel(options.variant && { variant: options.variant })
const random = (length, scale) => Float32Array.from({ length }, () => (Math.random() * 2 - 1) * scale)
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1]

console.log(`Node ${process.version}, ${kernel.variant}, µs a step at m = 1`)
console.log('  n_a | float32 | bfloat16  gain | int8  gain')
for (const n_a of [256, 512, 1024, 2048]) {
  const weights = { n_x: 1, n_a, n_h: n_a }
  for (const gate of ['f', 'i', 'c', 'o']) {
    weights[`W${gate}`] = random(n_a * (n_a + 1), 1 / Math.sqrt(n_a))
    weights[`b${gate}`] = random(n_a, 1)
  }
  const layers = precisions.map((precision) => kernel.packLayer(weights, precision))
  const [x, a, c] = [T_x, (T_x + 1) * n_a, (T_x + 1) * n_a].map((length) => kernel.allocate(length))
  const run = { m: 1, T_x, x, a, c, gates: {}, activeRows: new Int32Array(T_x).fill(1), t: 0 }
  const times = layers.map(() => [])
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, layer] of layers.entries()) {
      // the first pass brings the weights into the cache that holds them
      for (let pass = 0; pass < 2; pass++) {
        run.t = 0
        const start = performance.now()
        kernel.advance(layer, [run], T_x)
        if (pass === 1) times[i].push(((performance.now() - start) * 1000) / T_x)
      }
    }
  }
  const [full, ...small] = times.map(median)
  const cells = small.map((time) => `${time.toFixed(1).padStart(7)} ${(full / time).toFixed(2)}×`)
  console.log(`${String(n_a).padStart(5)} | ${full.toFixed(1).padStart(7)} | ${cells.join(' | ')}`)
  for (const memory of [...layers.map((layer) => layer.memory), x, a, c]) kernel.release(memory)
}
