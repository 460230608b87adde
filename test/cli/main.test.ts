import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { NamedArray } from '../../src/parameters/files/array.ts'
import { readNpz, writeNpz } from '../../src/parameters/files/npz.ts'
import { jsonFixture } from '../fixtures.ts'
import type { Expected, Float64Tensor } from '../framework-outputs.ts'
import { importBytes, imported } from '../parameters/importers/read.ts'

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))
const file = (path: string): string => fileURLToPath(new URL(`../../../test/fixtures/${path}`, import.meta.url))

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

t.test('inspect says what is in a file', async (t) => {
  const { status, stdout } = run('inspect', file('pytorch/projection_bidirectional.pt'))
  t.equal(status, 0)
  t.match(
    stdout,
    /^file {5}PyTorch, \d+ bytes\nsha256 {3}[0-9a-f]{64}\nweights {2}PyTorch's names, gates i, f, g, o; lstm\.\n/
  )
  t.match(stdout, /layer 1 {2}reverse, n_x 2, n_a 5; projected to 1\nhead {5}none\n/)
  t.match(stdout, /test {5}none\n$/)
  t.match(
    run('inspect', file('keras/bidirectional_last.keras')).stdout,
    /gives {4}the last step alone: ask for steps "last"/
  )
  t.match(run('inspect', file('onnx/activations_alpha.onnx')).stdout, /hard_sigmoid, tanh, hard_sigmoid/)
})

t.test('convert writes another format', async (t) => {
  const folder = t.testdir()
  for (const format of ['json', 'npz', 'safetensors', 'onnx']) {
    const out = join(folder, `out.${format}`)
    t.strictSame(run('convert', file('keras/mixed.keras'), out), { status: 0, stdout: '', stderr: '' })
    t.strictSame(importBytes(readFileSync(out)).model, imported('keras/mixed.keras').model, format)
  }
})

t.test('run computes what the framework computes', async (t) => {
  const folder = t.testdir()
  const [input, output] = [join(folder, 'input.npz'), join(folder, 'output.npz')]
  const { x, h0, c0, a, h, lengths } =
    jsonFixture<Record<string, Expected>>('pytorch/expected.json').three_bidirectional
  const array = ({ shape, data }: Float64Tensor) => {
    const bytes = Uint8Array.from(Buffer.from(data, 'base64'))
    return { shape, data: Float32Array.from(new Float64Array(bytes.buffer)) }
  }
  // (layers, m, n) of PyTorch is how states stand with the batch first, and (T_x, m, n) how its sequences do
  const timeFirst = (tensor: Float64Tensor) => {
    const { shape, data } = array(tensor)
    const [n, m, T_x] = shape
    const value = (i: number) => data[(i % n) * m * T_x + (Math.floor(i / n) % m) * T_x + Math.floor(i / (n * m))]
    return { shape: [T_x, m, n], data: Float32Array.from(data, (_, i) => value(i)) }
  }
  const given: [string, NamedArray][] = [
    ['x', timeFirst(x)],
    ['a0', array(h0!)],
    ['c0', array(c0!)],
    ['lengths', { shape: [3], data: Float32Array.from(lengths!) }]
  ]
  writeFileSync(input, writeNpz(given))
  const options = ['--outputs', 'a,a_last,layers.2.reverse.ot', '--layout', 'time_first']
  const answer = run('run', file('pytorch/three_bidirectional.pt'), input, output, ...options)
  t.strictSame(answer, { status: 0, stdout: '', stderr: '' })
  const arrays = readNpz(readFileSync(output), { maxInflatedBytes: 1e6 })
  t.strictSame([...arrays.keys()], ['a', 'a_last', 'layers.2.reverse.ot'])
  for (const [name, expected] of [
    ['a', timeFirst(a!)],
    ['a_last', array(h!)]
  ] as const) {
    const got = arrays.get(name)!
    t.strictSame(got.shape, expected.shape)
    const largest = got.data.reduce((most, value, i) => Math.max(most, Math.abs(value - expected.data[i])), 0)
    t.ok(largest <= 1e-5, `${name}: largest difference ${largest}`)
  }
  writeFileSync(input, writeNpz([['y', { shape: [1], data: new Float32Array(1) }]]))
  t.match(run('run', file('pytorch/plain.pt'), input, output), {
    status: 1,
    stderr: /^lstm-serve: the input holds y; expected x, and perhaps a0, c0, lengths\n$/
  })
})

t.test('what goes wrong is said in a line, with a status', async (t) => {
  const out = join(t.testdir(), 'out.npz')
  const wrong: [string[], number, RegExp][] = [
    [['inspect', file('pytorch/two_lstms.pt')], 1, /^lstm-serve: several LSTMs in this file: .*\n$/],
    [['inspect', 'nowhere'], 1, /^lstm-serve: ENOENT.*\n$/],
    [['inspect'], 1, /expected 1 file names, got 0/],
    [['inspect', 'a', '--heads', '1'], 1, /Unknown option '--heads'/],
    [['inspect', 'a', '--head-activation', 'relu'], 1, /it may be softmax, sigmoid, linear/],
    [['convert', file('keras/plain.keras'), 'out.gguf'], 1, /ends in none of \.json, \.npz, \.safetensors, \.onnx/],
    [['convert', file('pytorch/refused_call.pt'), out], 1, /posix\.system/]
  ]
  for (const [args, status, message] of wrong) {
    const answer = run(...args)
    t.equal(answer.status, status)
    t.match(answer.stderr, message)
  }
  t.notOk(existsSync(out))
  t.equal(run('--help').status, 0)
  t.match(run('unknown'), { status: 2, stdout: /lstm-serve serve/ })
  t.match(run('serve', '--version'), { status: 0, stdout: /^\d+\.\d+\.\d+\n$/ })
})
