// DeepBench's inference set (Baidu Research: recurrent layers, LSTM), the recurrent part only, one thread: the native
// kernel beside onnxruntime-node and beside what the machine can do.
//
//   npm run build && (cd bench && npm install --ignore-scripts) && node bench/deepbench.mjs [--variant avx2] [--only 512,1]
//
// n_x is 1, so that Wx·x is nothing beside Wa·a. `peak` is the part of the machine's FMA loop that is reached, `read`
// that of the speed at which it reads an array of Wa's size over and over: at m = 1 a step reads all of Wa once.
// Ratio: onnxruntime's time / ours. Medians of rounds in which both take turns.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import * as ort from 'onnxruntime-node'
import { NativeKernel } from '../dist/src/kernels/native/kernel.js'
import { timeFirstModel } from './onnx-model.mjs'

const { values: options } = parseArgs({
  options: { variant: { type: 'string' }, only: { type: 'string' }, rounds: { type: 'string', default: '11' } }
})
const steps = { 256: 150, 512: 25, 1024: 25, 1536: 50, 2048: 25 }
const shapes = Object.keys(steps)
  .flatMap((n) => [1, 2, 4].map((m) => [Number(n), m, steps[n]]))
  .filter(([n, m]) => !options.only || `${n},${m}` === options.only)
const random = (length, scale) => Float32Array.from({ length }, () => (Math.random() * 2 - 1) * scale)
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1]

const measure = compileMachine()
const kernel = new NativeKernel(options.variant && { variant: options.variant })
const { gflops: peak } = measure([])
console.log(`Node ${process.version}, ${kernel.variant}; the machine: ${peak} GFLOP/s`)
console.log(' n_a   m  T_x |   ours ms  GFLOP/s   peak |     ort ms  GFLOP/s | ratio | Wa GB/s of GB/s   read')
for (const [n_a, m, T_x] of shapes) {
  const weights = { n_x: 1, n_a, n_h: n_a }
  for (const gate of ['f', 'i', 'c', 'o']) {
    weights[`W${gate}`] = random(n_a * (n_a + 1), 1 / Math.sqrt(n_a))
    weights[`b${gate}`] = random(n_a, 1)
  }
  const threads = { intraOpNumThreads: 1, interOpNumThreads: 1 }
  const session = await ort.InferenceSession.create(timeFirstModel(weights, T_x, m), threads)
  const layer = kernel.packLayer(weights)
  const [x, a, c] = [T_x * m, (T_x + 1) * m * n_a, (T_x + 1) * m * n_a].map((length) => kernel.allocate(length))
  x.set(random(x.length, 1))
  const run = { m, T_x, x, a, c, gates: {}, activeRows: new Int32Array(T_x).fill(m), t: 0 }
  const feeds = { X: new ort.Tensor('float32', Float32Array.from(x), [T_x, m, 1]) }
  const ours = () => {
    run.t = 0
    kernel.advance(layer, [run], T_x)
  }

  const { Y } = await session.run(feeds)
  ours()
  const difference = Y.data.reduce((most, value, i) => Math.max(most, Math.abs(value - a[m * n_a + i])), 0)
  if (!(difference < 1e-5)) throw new Error(`(${n_a}, ${m}): the results differ by ${difference}`)

  const flop = 8 * n_a * n_a * m * T_x
  const repeats = Math.max(1, Math.round(1e8 / flop))
  const times = { ours: [], theirs: [], read: [] }
  for (let round = 0; round < Number(options.rounds); round++) {
    let start = performance.now()
    for (let i = 0; i < repeats; i++) ours()
    times.ours.push((performance.now() - start) / repeats)
    start = performance.now()
    for (let i = 0; i < repeats; i++) await session.run(feeds)
    times.theirs.push((performance.now() - start) / repeats)
    if (round % 4 === 0) times.read.push(measure([16 * n_a * n_a]).readGBs[0])
  }
  const [mine, theirs, read] = [times.ours, times.theirs, times.read].map(median)
  const speed = (ms) => flop / ms / 1e6
  const bandwidth = (16 * n_a * n_a * T_x) / mine / 1e6
  const cell = (value, digits, width) => value.toFixed(digits).padStart(width)
  const percent = (value) => `${cell(100 * value, 0, 5)}%`
  console.log(
    [
      `${String(n_a).padStart(4)} ${String(m).padStart(3)} ${String(T_x).padStart(4)}`,
      `${cell(mine, 3, 9)} ${cell(speed(mine), 1, 8)} ${percent(speed(mine) / peak)}`,
      `${cell(theirs, 3, 10)} ${cell(speed(theirs), 1, 8)}`,
      cell(theirs / mine, 2, 5),
      `${cell(bandwidth, 1, 7)} ${cell(read, 1, 7)} ${percent(bandwidth / read)}`
    ].join(' | ')
  )
  for (const memory of [layer.memory, x, a, c]) kernel.release(memory)
  await session.release()
}

/** machine.cc compiled; returns a function that runs it with array sizes. */
function compileMachine() {
  const folder = mkdtempSync(join(tmpdir(), 'lstm-serve-bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const program = join(folder, 'machine')
  const source = fileURLToPath(new URL('machine.cc', import.meta.url))
  const run = (command, args) => {
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`${command}: ${stderr}`)
    return stdout
  }
  run(process.env.CXX ?? 'c++', ['-std=c++17', '-O3', '-march=native', source, '-o', program])
  return (sizes) => JSON.parse(run(program, sizes.map(String)))
}
