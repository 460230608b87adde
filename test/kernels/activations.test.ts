import t from 'tap'
import { createSharedMemory, SharedHeap } from '../../src/kernels/memory.ts'
import { addressedKernels, nativeMissing } from './kernels.ts'
import { randomSource, sigmoid, softmax, ulpError } from './oracle.ts'

const LIMIT = 4 // ulp of float32, against float64
const COUNT = 2 ** 16

t.test('native', { skip: nativeMissing }, async () => {})

for (const { title, activations } of addressedKernels) {
  t.test(title, async (t) => {
    const memory = createSharedMemory()
    const heap = new SharedHeap(memory)
    const code = activations(memory)
    const x = heap.allocate(COUNT)
    const y = heap.allocate(COUNT)
    const bits = new Uint32Array(x.buffer, x.byteOffset, COUNT)

    for (const [name, compute, exact] of [
      ['sigmoid', code.sigmoidOf, sigmoid],
      ['tanh', code.tanhOf, Math.tanh]
    ] as const) {
      t.test(`${name} over all of float32`, async (t) => {
        let most = 0
        let where = 0
        // Every 4099th bit pattern: all exponents, both signs, denormals, infinities and NaN.
        for (let pattern = 0; pattern < 2 ** 32; ) {
          for (let i = 0; i < COUNT; i++, pattern += 4099) bits[i] = pattern
          compute(COUNT, x.byteOffset, y.byteOffset)
          for (let i = 0; i < COUNT; i++) {
            const error = ulpError(y[i], exact(x[i]))
            if (!(error <= most)) {
              most = error
              where = x[i]
            }
          }
        }
        t.comment(`largest error ${most.toFixed(3)} ulp at ${where}`)
        t.ok(most <= LIMIT, `${most} ulp at ${where}`)
      })

      t.test(`${name} where its result changes most`, async (t) => {
        let most = 0
        for (let from = -110; from < 110; from += 2) {
          for (let i = 0; i < COUNT; i++) x[i] = from + (2 * i) / COUNT
          compute(COUNT, x.byteOffset, y.byteOffset)
          for (let i = 0; i < COUNT; i += 7) most = Math.max(most, ulpError(y[i], exact(x[i])))
        }
        t.comment(`largest error ${most.toFixed(3)} ulp`)
        t.ok(most <= LIMIT, `${most} ulp`)
      })

      t.test(`${name} at the ends`, async (t) => {
        x.set([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, -0])
        compute(4, x.byteOffset, y.byteOffset)
        for (let i = 0; i < 4; i++) t.ok(Object.is(y[i], exact(x[i])), `${name}(${x[i]}) = ${y[i]}`)
      })
    }

    t.test('softmax, from equal to far apart, in any number', async (t) => {
      const random = randomSource(11)
      let most = 0
      for (const n_y of [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 1000, 10007]) {
        for (const spread of [0, 1e-3, 1, 30, 104, 1e4, 1e38]) {
          for (const shift of [0, 1e3]) {
            const z = Float32Array.from({ length: n_y }, () => shift + (random() * 2 - 1) * spread)
            x.fill(-3.4028234663852886e38, 0, n_y + 16)
            x.set(z)
            y[n_y] = 7
            code.softmax(n_y, x.byteOffset, y.byteOffset)
            const exact = softmax(z)
            for (let j = 0; j < n_y; j++) most = Math.max(most, ulpError(y[j], exact[j]))
            if (y[n_y] !== 7) t.fail(`n_y ${n_y}: wrote behind the row`)
          }
        }
      }
      t.comment(`largest error ${most.toFixed(3)} ulp`)
      t.ok(most <= LIMIT, `${most} ulp`)
    })

    t.test('softmax passes NaN on', async (t) => {
      x.set([1, Number.NaN, 3, 4, 5])
      x.fill(-3.4028234663852886e38, 5, 16)
      code.softmax(5, x.byteOffset, y.byteOffset)
      t.ok(y.subarray(0, 5).every(Number.isNaN))
    })
  })
}
