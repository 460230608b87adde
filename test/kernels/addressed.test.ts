import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { SharedHeap } from '../../src/kernels/memory.ts'
import { availableBuilds } from '../../src/kernels/wasm/module.ts'
import { addressedKernels, nativeMissing } from './kernels.ts'
import { randomFloats, randomHead, randomLayer, randomSource } from './oracle.ts'
import { differenceToOracle, gateNames, randomRun } from './runs.ts'

/** What the kernels that work on addresses have in common: bounded scratch, one memory for all threads, checks. */

const TOLERANCE = 4e-6

t.ok(availableBuilds().includes('simd'), 'every engine takes the plain build')
t.test('native', { skip: nativeMissing }, async () => {})

for (const { title, create } of addressedKernels) {
  t.test(title, async (t) => {
    const kernel = create()

    t.test('rows done in turns, where there is hardly any scratch, come out the same', async (t) => {
      const random = randomSource(2)
      for (const [n_x, n_a, m, T_x] of [
        [5, 9, 5, 7],
        [3, 33, 13, 4],
        [1, 1, 100, 2]
      ]) {
        const layer = kernel.packLayer(randomLayer(random, n_x, n_a))
        const lengths = Array.from({ length: m }, () => 1 + Math.floor(random() * T_x)).sort((a, b) => b - a)
        const runs = [1, 2].map(() => randomRun(kernel, random, { n_x, n_a, m, T_x, gates: gateNames, lengths }))
        for (const name of ['x', 'a', 'c'] as const) runs[1][name].set(runs[0][name])
        // room for one row and for three
        for (const rows of [1, 3]) {
          const narrow = create({ memory: kernel.memory, scratchBytes: rows * Math.ceil(n_a / 16) * 256 })
          for (const run of runs) run.t = 0
          kernel.advance(layer, [runs[0]], T_x)
          narrow.advance(layer, [runs[1]], T_x)
          for (const name of ['a', 'c'] as const) t.same(runs[1][name], runs[0][name], name)
          t.same(runs[1].gates, runs[0].gates)
          narrow.close()
        }
      }
    })

    t.test('predictions done in turns come out the same', async (t) => {
      const random = randomSource(8)
      const packed = kernel.packHead(randomHead(random, 9, 33))
      const narrow = create({ memory: kernel.memory, scratchBytes: 1024 })
      const a = kernel.allocate(31 * 9)
      a.set(randomFloats(random, a.length, 1))
      const [together, divided] = [0, 1].map(() => kernel.allocate(31 * 33))
      kernel.predict(packed, a, 0, together, 0, 31)
      narrow.predict(packed, a, 0, divided, 0, 31)
      t.same(divided, together)
    })

    t.test('weights packed by one thread serve another, above 2 GiB too', async (t) => {
      const own = create()
      new SharedHeap(own.memory).allocate(2 ** 29 - 2 ** 14) // not zeroed, so that no memory is touched
      const random = randomSource(12)
      const weights = randomLayer(random, 5, 9)
      const layer = own.packLayer(weights)
      own.allocate(2 ** 25) // the memory has grown since the other thread's kernel saw it
      const run = randomRun(own, random, { n_x: 5, n_a: 9, m: 3, T_x: 4, gates: gateNames })
      t.ok(run.a.byteOffset > 2 ** 31)
      const again = { ...run, a: own.allocate(run.a.length), c: own.allocate(run.c.length), gates: {} }
      again.a.set(run.a)
      again.c.set(run.c)
      const file = new URL(`./advance-worker${import.meta.url.slice(-3)}`, import.meta.url)
      const worker = new Worker(file, { workerData: { memory: own.memory, title, layer, run } })
      t.same(await once(worker, 'message'), [4])
      t.ok(differenceToOracle(weights, run) < TOLERANCE)
      own.advance(layer, [again], 4)
      t.same(again.a, run.a, 'the same bits from both threads')
    })

    t.test('faults are refused before anything is computed', async (t) => {
      const kernel = create()
      const random = randomSource(10)
      const layer = kernel.packLayer(randomLayer(random, 2, 3))
      const head = kernel.packHead(randomHead(random, 3, 2))
      const run = () => randomRun(kernel, random, { n_x: 2, n_a: 3, m: 2, T_x: 4 })
      const big = kernel.allocate(100)
      t.throws(() => kernel.advance(layer, [run()], 0), /steps is 0/)
      t.throws(() => kernel.advance(layer, [run()], 5), /step 0 of 4 cannot move 5 steps/)
      t.throws(() => kernel.advance(layer, [{ ...run(), t: -1 }], 1), /step -1/)
      t.throws(
        () => kernel.advance(layer, [{ ...run(), activeRows: new Int32Array([1, 2, 2, 2]) }], 4),
        /never growing/
      )
      t.throws(
        () => kernel.advance(layer, [{ ...run(), activeRows: new Int32Array([3, 2, 2, 2]) }], 4),
        /3 rows are active/
      )
      t.throws(() => kernel.advance(layer, [{ ...run(), activeRows: new Int32Array(1) }], 4), /activeRows holds 1/)
      const grown = { ...run(), activeRows: new Int32Array([1, 1, 2, 2]), t: 2 }
      t.throws(() => kernel.advance(layer, [grown], 2), /2 rows are active at step 2; expected 0 to 1/)
      t.throws(
        () => kernel.advance(layer, [{ ...run(), x: big.subarray(0, 15) }], 1),
        /x holds 15 values; expected.*= 16/
      )
      t.throws(() => kernel.advance(layer, [{ ...run(), a: big.subarray(0, 29) }], 1), /a holds 29 values/)
      t.throws(() => kernel.advance(layer, [{ ...run(), gates: { it: big.subarray(0, 23) } }], 1), /it holds 23/)
      t.throws(() => kernel.advance(layer, [{ ...run(), c: new Float32Array(30) }], 1), /not in the kernel's memory/)
      const elsewhere = new Float32Array(new SharedArrayBuffer(65536), 0, 30)
      t.throws(() => kernel.advance(layer, [{ ...run(), c: elsewhere }], 1), /not in the kernel's memory/)
      t.throws(() => kernel.advance({ ...layer, n_a: 33 }, [run()], 1), /packed weights holds/)
      t.throws(() => kernel.advance({ ...layer, n_x: 0 }, [run()], 1), /empty axis/)
      t.throws(() => kernel.predict(head, big, -1, big, 0, 1), /-1 is not a row/)
      t.throws(() => kernel.predict(head, big, 33, big, 0, 1), /a holds 100 values/)
      t.throws(() => kernel.predict(head, big, 0, big, 40, 11), /y holds 100 values/)
      t.throws(() => kernel.packLayer({ ...randomLayer(random, 2, 3), Wi: new Float32Array(14) }), /Wi holds 14 values/)
      t.throws(() => kernel.packLayer({ ...randomLayer(random, 2, 3), n_x: 0 }), /whole numbers from 1/)
      t.throws(() => kernel.packHead({ ...randomHead(random, 2, 3), by: new Float32Array(2) }), /by holds 2 values/)
      t.throws(() => kernel.packHead({ ...randomHead(random, 2, 3), n_y: 0.5 }), /whole numbers from 1/)
      t.throws(() => create({ scratchBytes: 100 }), /multiple of 64/)
      t.throws(() => create({ scratchBytes: 64 }).packLayer(randomLayer(random, 2, 65)), /bytes of scratch/)
    })
  })
}

t.test('kernels and their builds differ by rounding only', async (t) => {
  const results = addressedKernels.map(({ create }) => {
    const kernel = create()
    const random = randomSource(9)
    const layer = kernel.packLayer(randomLayer(random, 17, 31))
    const run = randomRun(kernel, random, { n_x: 17, n_a: 31, m: 5, T_x: 9 })
    kernel.advance(layer, [run], 9)
    return run.a
  })
  for (const result of results) {
    t.ok(result.every((value, i) => Math.abs(value - results[0][i]) < TOLERANCE))
  }
})
