// The WASM kernel beside onnxruntime-node, one thread each, same weights, same inputs, taking turns.
//
//   npm run build && (cd bench && npm install --ignore-scripts) && node bench/kernels.mjs [--build simd] [--only 128,1]
//
// `steps` is how many steps one call moves: the service's tick. Ratio: onnxruntime's time / ours, from the medians.
import { parseArgs } from 'node:util'
import * as ort from 'onnxruntime-node'
import { WasmKernel } from '../dist/src/kernels/wasm/kernel.js'
import { onnxLstm } from './onnx-lstm.mjs'

const { values: options } = parseArgs({
  options: {
    build: { type: 'string' },
    only: { type: 'string' },
    steps: { type: 'string' },
    rounds: { type: 'string', default: '15' },
    scratch: { type: 'string' }
  }
})

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
].filter(([n, m]) => !options.only || `${n},${m}` === options.only)

const random = (length, scale) => Float32Array.from({ length }, () => (Math.random() * 2 - 1) * scale)
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1]
const kernel = new WasmKernel({
  ...(options.build && { build: options.build }),
  ...(options.scratch && { scratchBytes: Number(options.scratch) })
})

console.log(`Node ${process.version}, build ${kernel.build}`)
console.log('   n   m  T_x |  wasm µs  GFLOP/s |   ort µs  GFLOP/s | ratio  (quartiles)  | largest difference')
for (const [n, m, T_x] of shapes) {
  const scale = 1 / Math.sqrt(n)
  const weights = { n_x: n, n_a: n }
  for (const gate of ['f', 'i', 'c', 'o']) {
    weights[`W${gate}`] = random(n * 2 * n, scale)
    weights[`b${gate}`] = random(n, scale)
  }
  const session = await ort.InferenceSession.create(onnxLstm(weights, T_x, m), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1
  })
  const layer = kernel.packLayer(weights)
  const run = {
    m,
    T_x,
    x: kernel.allocate(T_x * m * n),
    a: kernel.allocate((T_x + 1) * m * n),
    c: kernel.allocate((T_x + 1) * m * n),
    gates: {},
    activeRows: new Int32Array(T_x).fill(m),
    t: 0
  }
  run.x.set(random(run.x.length, 1))
  const feeds = { X: new ort.Tensor('float32', Float32Array.from(run.x), [T_x, m, n]) }
  const steps = options.steps ? Number(options.steps) : T_x
  const ours = () => {
    run.t = 0
    while (run.t < T_x) kernel.advance(layer, [run], Math.min(steps, T_x - run.t))
  }
  const theirs = () => session.run(feeds)

  const { Y } = await theirs()
  const warm = performance.now()
  while (performance.now() - warm < 150) ours()
  let difference = 0
  for (let i = 0; i < Y.data.length; i++) difference = Math.max(difference, Math.abs(Y.data[i] - run.a[m * n + i]))

  const flop = 2 * 4 * n * 2 * n * m * T_x
  const repeats = Math.max(1, Math.round(4e7 / flop))
  const times = { ours: [], theirs: [], ratio: [] }
  for (let round = 0; round < Number(options.rounds); round++) {
    let start = performance.now()
    for (let i = 0; i < repeats; i++) ours()
    const mine = ((performance.now() - start) * 1000) / repeats
    start = performance.now()
    for (let i = 0; i < repeats; i++) await theirs()
    const yours = ((performance.now() - start) * 1000) / repeats
    times.ours.push(mine)
    times.theirs.push(yours)
    times.ratio.push(yours / mine)
  }
  const a = median(times.ours)
  const b = median(times.theirs)
  const ratio = median(times.ratio)
  const quartile = (q) => times.ratio[Math.floor((times.ratio.length - 1) * q)].toFixed(2)
  const cells = [
    `${String(n).padStart(4)} ${String(m).padStart(3)} ${String(T_x).padStart(4)}`,
    `${a.toFixed(1).padStart(8)} ${(flop / a / 1000).toFixed(1).padStart(8)}`,
    `${b.toFixed(1).padStart(8)} ${(flop / b / 1000).toFixed(1).padStart(8)}`,
    `${ratio.toFixed(2).padStart(5)}  (${quartile(0.25)}…${quartile(0.75)})`,
    difference.toExponential(1)
  ]
  console.log(cells.join(' | '))
  for (const memory of [layer.memory, run.x, run.a, run.c]) kernel.release(memory)
  await session.release()
}
