import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { WasmKernel } from '../../../src/kernels/wasm/kernel.ts'
import { SharedHeap } from '../../../src/kernels/wasm/memory.ts'
import { availableBuilds } from '../../../src/kernels/wasm/module.ts'
import { predict, randomFloats, randomHead, randomLayer, randomSource } from './oracle.ts'
import { differenceToOracle, gateNames, randomRun, releaseRun, rowAlone } from './runs.ts'

const sizes = [1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33]
const TOLERANCE = 4e-6 // float32 sums of up to 66 products, over a few steps

t.ok(availableBuilds().includes('simd'), 'every engine takes the plain build')

for (const build of availableBuilds()) {
  t.test(`build ${build}`, async (t) => {
    const kernel = new WasmKernel({ build })
    t.equal(kernel.name, 'wasm')
    t.equal(kernel.build, build)

    t.test('every size around the vector width agrees with the equations', async (t) => {
      const random = randomSource(1)
      const pick = (): number => sizes[Math.floor(random() * sizes.length)]
      for (const n_a of sizes) {
        for (const n_x of sizes) {
          const m = pick()
          const T_x = 1 + Math.floor(random() * 4)
          const weights = randomLayer(random, n_x, n_a)
          const layer = kernel.packLayer(weights)
          const run = randomRun(kernel, random, { n_x, n_a, m, T_x, gates: gateNames })
          kernel.advance(layer, [run], T_x)
          const difference = differenceToOracle(weights, run)
          if (!(difference < TOLERANCE)) t.fail(`n_x ${n_x}, n_a ${n_a}, m ${m}, T_x ${T_x}: off by ${difference}`)
          if (run.t !== T_x) t.fail(`t is ${run.t} after ${T_x} steps`)
          releaseRun(kernel, run)
          kernel.release(layer.memory)
        }
      }
      t.pass('144 layers')
    })

    t.test('ragged rows: those that have ended stay untouched, where the rows are done in turns too', async (t) => {
      const random = randomSource(2)
      const weights = randomLayer(random, 5, 9)
      const layer = kernel.packLayer(weights)
      const twoRows = new WasmKernel({ build, memory: kernel.memory, scratchBytes: 2 * 3 * 64 })
      for (const lengths of [
        [7, 6, 6, 3, 1],
        [7, 7, 2],
        [1, 1, 1, 1],
        [4, 0, 0]
      ]) {
        for (const chosen of [kernel, twoRows]) {
          const shape = { n_x: 5, n_a: 9, m: lengths.length, T_x: 7, gates: gateNames, lengths }
          const run = randomRun(kernel, random, shape)
          chosen.advance(layer, [run], 7)
          t.ok(differenceToOracle(weights, run) < TOLERANCE, `lengths ${lengths}`)
        }
      }
      twoRows.close()
    })

    t.test('gates are written only when asked for, each by itself', async (t) => {
      const random = randomSource(3)
      for (const n_a of [4, 7]) {
        const weights = randomLayer(random, 3, n_a)
        const layer = kernel.packLayer(weights)
        for (let subset = 0; subset < 16; subset++) {
          const gates = gateNames.filter((_, i) => subset & (1 << i))
          const run = randomRun(kernel, random, { n_x: 3, n_a, m: 3, T_x: 2, gates })
          kernel.advance(layer, [run], 2)
          t.ok(differenceToOracle(weights, run) < TOLERANCE, `n_a ${n_a}, gates ${gates.join(' ') || 'none'}`)
        }
      }
    })

    t.test('weights come back bit for bit', async (t) => {
      const random = randomSource(4)
      for (const [n_x, n_a] of [
        [1, 1],
        [3, 5],
        [16, 4],
        [7, 33]
      ]) {
        const weights = randomLayer(random, n_x, n_a)
        weights.Wf[0] = -0
        t.same(kernel.unpackLayer(kernel.packLayer(weights)), weights, `layer ${n_x}, ${n_a}`)
      }
      for (const [n_a, n_y] of [
        [1, 1],
        [5, 3],
        [8, 16],
        [4, 17]
      ]) {
        const head = randomHead(random, n_a, n_y)
        t.same(kernel.unpackHead(kernel.packHead(head)), head, `head ${n_a}, ${n_y}`)
      }
    })

    t.test('the prediction agrees with the equation for every size', async (t) => {
      const random = randomSource(5)
      for (const n_y of sizes) {
        for (const n_a of sizes) {
          const head = randomHead(random, n_a, n_y)
          const packed = kernel.packHead(head)
          const rows = 1 + Math.floor(random() * 5)
          const a = kernel.allocate((rows + 2) * n_a)
          a.set(randomFloats(random, a.length, 1))
          const y = kernel.allocate((rows + 2) * n_y).fill(0)
          kernel.predict(packed, a, 2, y, 1, rows)
          for (let r = 0; r < rows; r++) {
            const expected = predict(head, a.subarray((2 + r) * n_a, (3 + r) * n_a))
            for (let j = 0; j < n_y; j++) {
              const difference = Math.abs(y[(1 + r) * n_y + j] - expected[j])
              if (!(difference < 2e-6)) t.fail(`n_a ${n_a}, n_y ${n_y}, rows ${rows}: off by ${difference}`)
            }
          }
          const outside = [...y.subarray(0, n_y), ...y.subarray((rows + 1) * n_y)]
          if (outside.some((value) => value !== 0)) t.fail(`n_y ${n_y}, rows ${rows}: wrote outside its rows`)
          for (const memory of [packed.memory, a, y]) kernel.release(memory)
        }
      }
      t.pass('144 heads')
    })

    t.test('a row has the same bits alone and in any crowd', async (t) => {
      const random = randomSource(6)
      // A kernel with hardly any scratch must divide the rows and steps otherwise, and change nothing.
      const narrow = new WasmKernel({ build, memory: kernel.memory, scratchBytes: 2048 })
      for (const [n_x, n_a] of [
        [1, 1],
        [5, 7],
        [9, 16],
        [17, 33]
      ]) {
        const weights = randomLayer(random, n_x, n_a)
        const layer = kernel.packLayer(weights)
        const waiting = Array.from({ length: 12 }, () => {
          const m = sizes[Math.floor(random() * 8)]
          const T_x = 1 + Math.floor(random() * 9)
          const lengths = Array.from({ length: m }, () => Math.floor(random() * (T_x + 1))).sort((a, b) => b - a)
          const gates = gateNames.filter(() => random() < 0.5)
          return randomRun(kernel, random, { n_x, n_a, m, T_x, gates, lengths })
        })
        const alone = waiting.map((run) =>
          Array.from({ length: run.m }, (_, row) => rowAlone(kernel, run, row, n_x, n_a))
        )

        const running: typeof waiting = []
        const all = [...waiting]
        while (waiting.length > 0 || running.length > 0) {
          const joining = running.length === 0 ? 1 : Math.floor(random() * 4)
          running.push(...waiting.splice(0, joining))
          const left = Math.min(...running.map((run) => run.T_x - run.t))
          const chosen = random() < 0.3 ? narrow : kernel
          chosen.advance(layer, running, 1 + Math.floor(random() * left))
          for (let i = running.length - 1; i >= 0; i--) if (running[i].t === running[i].T_x) running.splice(i, 1)
        }

        for (const [i, run] of all.entries()) {
          for (const [row, single] of alone[i].entries()) {
            kernel.advance(layer, [single], single.T_x)
            const same = (crowd: Float32Array | undefined, one: Float32Array | undefined, blocks: number) => {
              if (!crowd || !one) return
              for (let b = 0; b < blocks; b++) {
                const there = crowd.subarray((b * run.m + row) * n_a, (b * run.m + row + 1) * n_a)
                const here = one.subarray(b * n_a, (b + 1) * n_a)
                if (there.some((value, u) => !Object.is(value, here[u]))) t.fail(`n_a ${n_a}: run ${i}, row ${row}`)
              }
            }
            same(run.a, single.a, run.T_x + 1)
            same(run.c, single.c, run.T_x + 1)
            for (const gate of gateNames) same(run.gates[gate], single.gates[gate], run.T_x)
          }
        }
      }
      narrow.close()
      t.pass('48 runs')
    })

    t.test('weights packed by one thread serve another, above 2 GiB too', async (t) => {
      const own = new WasmKernel({ build })
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
      const worker = new Worker(file, { workerData: { memory: own.memory, build, layer, run } })
      t.same(await once(worker, 'message'), [4])
      t.ok(differenceToOracle(weights, run) < TOLERANCE)
      own.advance(layer, [again], 4)
      t.same(again.a, run.a, 'the same bits from both threads')
    })

    t.test('more runs than one call into WASM takes', async (t) => {
      const random = randomSource(7)
      const weights = randomLayer(random, 2, 3)
      const layer = kernel.packLayer(weights)
      const runs = Array.from({ length: 300 }, () => randomRun(kernel, random, { n_x: 2, n_a: 3, m: 2, T_x: 80 }))
      kernel.advance(layer, runs, 80)
      t.ok(Math.max(...runs.map((run) => differenceToOracle(weights, run))) < TOLERANCE)
      for (const run of runs) releaseRun(kernel, run)
    })

    t.test('a prediction has the same bits alone and among others', async (t) => {
      const random = randomSource(8)
      const packed = kernel.packHead(randomHead(random, 9, 33))
      const narrow = new WasmKernel({ build, memory: kernel.memory, scratchBytes: 1024 })
      const a = kernel.allocate(31 * 9)
      a.set(randomFloats(random, a.length, 1))
      const [together, divided, alone] = [0, 1, 2].map(() => kernel.allocate(31 * 33))
      kernel.predict(packed, a, 0, together, 0, 31)
      narrow.predict(packed, a, 0, divided, 0, 31)
      for (let r = 0; r < 31; r++) kernel.predict(packed, a, r, alone, r, 1)
      t.same(divided, together)
      t.same(alone, together)
    })
  })
}

t.test('the two builds differ by rounding only', async (t) => {
  const results = availableBuilds().map((build) => {
    const kernel = new WasmKernel({ build })
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

t.test('faults are refused before anything is computed', async (t) => {
  const kernel = new WasmKernel()
  const random = randomSource(10)
  const layer = kernel.packLayer(randomLayer(random, 2, 3))
  const head = kernel.packHead(randomHead(random, 3, 2))
  const run = () => randomRun(kernel, random, { n_x: 2, n_a: 3, m: 2, T_x: 4 })
  const big = kernel.allocate(100)
  t.throws(() => kernel.advance(layer, [run()], 0), /steps is 0/)
  t.throws(() => kernel.advance(layer, [run()], 5), /step 0 of 4 cannot move 5 steps/)
  t.throws(() => kernel.advance(layer, [{ ...run(), t: -1 }], 1), /step -1/)
  t.throws(() => kernel.advance(layer, [{ ...run(), activeRows: new Int32Array([1, 2, 2, 2]) }], 4), /never growing/)
  t.throws(
    () => kernel.advance(layer, [{ ...run(), activeRows: new Int32Array([3, 2, 2, 2]) }], 4),
    /3 rows are active/
  )
  t.throws(() => kernel.advance(layer, [{ ...run(), activeRows: new Int32Array(1) }], 4), /undefined rows/)
  t.throws(() => kernel.advance(layer, [{ ...run(), x: big.subarray(0, 15) }], 1), /x holds 15 values; expected.*= 16/)
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
  t.throws(() => new WasmKernel({ scratchBytes: 100 }), /multiple of 64/)
  t.throws(() => new WasmKernel({ scratchBytes: 64 }).packLayer(randomLayer(random, 2, 5)), /bytes of scratch/)
})
