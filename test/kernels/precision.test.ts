import t from 'tap'
import { bfloat16Bits, fromBfloat16Bits, quantize, roundRecurrent } from '../../src/kernels/precision.ts'
import { kernels, nativeMissing } from './kernels.ts'
import { randomFloats, randomLayer, randomSource } from './oracle.ts'
import { differenceToOracle, gateNames, randomRun, rowAlone } from './runs.ts'

const sizes = [1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33]
const TOLERANCE = 4e-6

t.test('bfloat16 is the nearest of the two neighbours, the even one of equals', async (t) => {
  const random = randomSource(1)
  for (let i = 0; i < 10_000; i++) {
    const value = Math.fround((random() * 2 - 1) * 2 ** Math.floor(random() * 200 - 100))
    const bits = new Uint32Array(Float32Array.of(value).buffer)[0]
    const [toZero, away] = [bits >>> 16, (bits >>> 16) + 1].map(fromBfloat16Bits)
    const got = fromBfloat16Bits(bfloat16Bits(value))
    if (!(Math.abs(value - got) <= Math.min(Math.abs(value - toZero), Math.abs(away - value))))
      t.fail(`${value}: ${got}`)
  }
  t.equal(fromBfloat16Bits(bfloat16Bits(1 + 2 ** -8)), 1)
  t.equal(fromBfloat16Bits(bfloat16Bits(1 + 3 * 2 ** -8)), 1 + 2 ** -6)
  t.ok(Object.is(fromBfloat16Bits(bfloat16Bits(-0)), -0))
  t.ok(Number.isFinite(fromBfloat16Bits(bfloat16Bits(3.4028234663852886e38))), 'the largest float stays finite')
})

t.test('int8: the largest of a row is 127 steps, nothing is off by more than half a step', async (t) => {
  const random = randomSource(2)
  const row = randomFloats(random, 1000, 0.3)
  const { scale, values } = quantize(row)
  t.equal(Math.max(...values.map(Math.abs)), 127)
  t.ok(row.every((value, i) => Math.abs(value - values[i] * scale) <= 0.50001 * scale))
  t.same(quantize(new Float32Array(3)), { scale: 0, values: new Int8Array(3) })
  t.same(quantize(Float32Array.of(1e-45, -1e-45)).values.every(Number.isInteger), true)
})

t.test('native', { skip: nativeMissing }, async () => {})

for (const { title, create } of kernels) {
  for (const precision of ['bfloat16', 'int8'] as const) {
    t.test(`${precision}: ${title}`, async (t) => {
      const kernel = create()
      const random = randomSource(3)

      for (const n_a of sizes) {
        const n_x = sizes[Math.floor(random() * sizes.length)]
        const weights = randomLayer(random, n_x, n_a)
        const rounded = roundRecurrent(weights, precision)
        const layer = kernel.packLayer(weights, precision)
        t.equal(layer.precision, kernel.name === 'native' ? precision : 'float32')
        t.same(kernel.unpackLayer(layer), rounded, 'what is stored comes back')
        for (const m of [1, 2, 3, 7]) {
          const run = randomRun(kernel, random, { n_x, n_a, m, T_x: 3, gates: gateNames })
          const alone = rowAlone(kernel, run, m - 1, n_x, n_a)
          kernel.advance(layer, [run], 3)
          const difference = differenceToOracle(rounded, run)
          if (!(difference < TOLERANCE)) t.fail(`n_x ${n_x}, n_a ${n_a}, m ${m}: off by ${difference}`)
          kernel.advance(layer, [alone], 1)
          kernel.advance(layer, [alone], 2)
          for (let block = 0; block <= 3; block++) {
            const there = run.a.subarray((block * m + m - 1) * n_a, (block + 1) * m * n_a)
            if (there.some((value, u) => !Object.is(value, alone.a[block * n_a + u]))) t.fail(`n_a ${n_a}, m ${m}`)
          }
        }
      }
    })
  }
}
