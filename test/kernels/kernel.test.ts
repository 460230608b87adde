import t from 'tap'
import { headActivations } from '../../src/lstm/model.ts'
import { kernels, nativeMissing } from './kernels.ts'
import { predict, randomFloats, randomHead, randomLayer, randomSource } from './oracle.ts'
import { differenceToOracle, gateNames, randomRun, releaseRun, rowAlone, UNTOUCHED } from './runs.ts'

const sizes = [1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33]
const TOLERANCE = 4e-6 // float32 sums of up to 66 products, over a few steps

t.test('native', { skip: nativeMissing }, async () => {})

for (const { title, create } of kernels) {
  t.test(title, async (t) => {
    const kernel = create()
    t.equal(kernel.name, title.split(' ')[0])

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

    t.test('ragged rows: those that have ended stay untouched', async (t) => {
      const random = randomSource(2)
      const weights = randomLayer(random, 5, 9)
      const layer = kernel.packLayer(weights)
      for (const lengths of [
        [7, 6, 6, 3, 1],
        [7, 7, 2],
        [1, 1, 1, 1],
        [4, 0, 0]
      ]) {
        const shape = { n_x: 5, n_a: 9, m: lengths.length, T_x: 7, gates: gateNames, lengths }
        const run = randomRun(kernel, random, shape)
        kernel.advance(layer, [run], 7)
        t.ok(differenceToOracle(weights, run) < TOLERANCE, `lengths ${lengths}`)
      }
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
        for (const activation of headActivations) {
          const head = randomHead(random, n_a, n_y, activation)
          t.same(kernel.unpackHead(kernel.packHead(head)), head, `${activation} head ${n_a}, ${n_y}`)
        }
      }
    })

    t.test('the prediction agrees with the equation for every size and activation', async (t) => {
      const random = randomSource(5)
      for (const n_y of sizes) {
        for (const [i, n_a] of [...sizes, ...sizes, ...sizes].entries()) {
          const head = randomHead(random, n_a, n_y, headActivations[Math.floor(i / sizes.length)])
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
              if (!(difference < 1e-6 * Math.max(2, Math.abs(expected[j]))))
                t.fail(`n_a ${n_a}, n_y ${n_y}, rows ${rows}: off by ${difference}`)
            }
          }
          const outside = [...y.subarray(0, n_y), ...y.subarray((rows + 1) * n_y)]
          if (outside.some((value) => value !== 0)) t.fail(`n_y ${n_y}, rows ${rows}: wrote outside its rows`)
          for (const memory of [packed.memory, a, y]) kernel.release(memory)
        }
      }
      t.pass('432 heads')
    })

    t.test('a row has the same bits alone and in any crowd', async (t) => {
      const random = randomSource(6)
      for (const [n_x, n_a] of [
        [1, 1],
        [5, 7],
        [9, 16],
        [17, 33],
        [8, 70]
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
          kernel.advance(layer, running, 1 + Math.floor(random() * left))
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
      t.pass('60 runs')
    })

    t.test('a run over some rows of its arrays leaves the others alone', async (t) => {
      const random = randomSource(14)
      const [n_x, n_a, m, T_x] = [3, 17, 9, 5]
      const weights = randomLayer(random, n_x, n_a)
      const layer = kernel.packLayer(weights)
      const lengths = [5, 5, 5, 4, 4, 3, 3, 2, 1]
      const whole = randomRun(kernel, random, { n_x, n_a, m, T_x, gates: gateNames, lengths })
      const part = randomRun(kernel, random, { n_x, n_a, m, T_x, gates: gateNames, lengths })
      for (const name of ['x', 'a', 'c'] as const) part[name].set(whole[name])
      kernel.advance(layer, [whole], T_x)
      const [from, to] = [2, 6]
      const rowsOf = (array: Float32Array, n: number, blocks: number) =>
        array.subarray(from * n, ((blocks - 1) * m + to) * n)
      const run = {
        m,
        T_x,
        x: rowsOf(part.x, n_x, T_x),
        a: rowsOf(part.a, n_a, T_x + 1),
        c: rowsOf(part.c, n_a, T_x + 1),
        gates: Object.fromEntries(gateNames.map((gate) => [gate, rowsOf(part.gates[gate]!, n_a, T_x)])),
        activeRows: part.activeRows.map((rows) => Math.max(0, Math.min(rows, to) - from)),
        t: 0
      }
      kernel.advance(layer, [run], 2)
      kernel.advance(layer, [run], 3)
      const compare = (name: string, got: Float32Array, exact: Float32Array, first: number) => {
        for (let at = first * m * n_a; at < got.length; at++) {
          const row = Math.floor(at / n_a) % m
          const expected = row >= from && row < to ? exact[at] : UNTOUCHED
          if (!Object.is(got[at], expected)) t.fail(`${name}: value ${at} is ${got[at]}; expected ${expected}`)
        }
      }
      compare('a', part.a, whole.a, 1)
      compare('c', part.c, whole.c, 1)
      for (const gate of gateNames) compare(gate, part.gates[gate]!, whole.gates[gate]!, 0)
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
      for (const activation of headActivations) {
        const packed = kernel.packHead(randomHead(random, 9, 33, activation))
        const a = kernel.allocate(31 * 9)
        a.set(randomFloats(random, a.length, 1))
        const [together, alone] = [0, 1].map(() => kernel.allocate(31 * 33))
        kernel.predict(packed, a, 0, together, 0, 31)
        for (let r = 0; r < 31; r++) kernel.predict(packed, a, r, alone, r, 1)
        t.same(alone, together, activation)
      }
    })
  })
}
