import fc from 'fast-check'
import t from 'tap'
import type { GateOutputs, Kernel, LayerRun, LayerWeights } from '../../src/kernels/kernel.ts'
import { precisions, roundRecurrent } from '../../src/kernels/precision.ts'
import { type Activation, type Activations, activationNames } from '../../src/lstm/model.ts'
import { addressedKernels, kernels, nativeMissing } from './kernels.ts'
import { type RandomOptions, randomLayer, randomSource } from './oracle.ts'
import { gateNames, type RunShape, randomRun, relativeToOracle, releaseRun, rowAlone } from './runs.ts'

/** Layers with more than the plain cell, on every kernel, against the equations in float64. */

const sizes = [1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33]
const TOLERANCE = 4e-6 // as for plain cells: float32 sums of up to 66 products, over a few steps
const LARGE_TOLERANCE = 2e-5 // where nothing bounds the states, a step makes more of the errors of the one before

const sigmoid: Activation = { name: 'sigmoid' }
const tanh: Activation = { name: 'tanh' }
const hard: Activation = { name: 'hard_sigmoid', alpha: 1 / 6, beta: 0.5 }
const usual: Activations = { gate: sigmoid, candidate: tanh, output: tanh }

/** Each option by itself, and those that meet in one equation together. */
const options: Readonly<Record<string, RandomOptions>> = {
  'a projection': { n_h: 2 },
  'a projection wider than the cell': { n_h: 70 },
  peepholes: { peepholes: true },
  'a clip that bites': { clip: 0.2 },
  'a clip that rarely bites': { clip: 1.9 },
  input_forget: { input_forget: true },
  'input_forget with peepholes': { input_forget: true, peepholes: true },
  'peepholes within a clip': { peepholes: true, clip: 0.5 },
  'a projection, peepholes, a clip, input_forget': { n_h: 5, peepholes: true, clip: 0.7, input_forget: true },
  "Keras's hard gates": { activations: { gate: hard, candidate: tanh, output: tanh } },
  'hard gates with the defaults of alpha and beta': { activations: { ...usual, gate: { name: 'hard_sigmoid' } } },
  'hard gates that fall': { activations: { ...usual, gate: { name: 'hard_sigmoid', alpha: -0.7, beta: 0.1 } } },
  'hard gates that are coupled': { activations: { ...usual, gate: hard }, input_forget: true },
  "Keras's relu": { activations: { gate: sigmoid, candidate: { name: 'relu' }, output: { name: 'relu' } } },
  ...Object.fromEntries(
    (['gate', 'candidate', 'output'] as const).flatMap((role) =>
      activationNames.map((name) => [`${name} for the ${role}`, { activations: { ...usual, [role]: { name } } }])
    )
  )
}

const bounded = ({ activations = usual }: RandomOptions): boolean =>
  [activations.gate, activations.candidate, activations.output].every(
    ({ name }) => name !== 'relu' && name !== 'linear'
  )

const toleranceOf = (option: RandomOptions): number => (bounded(option) ? TOLERANCE : LARGE_TOLERANCE)

function sameBits(got: LayerRun, expected: LayerRun): boolean {
  const arrays = (run: LayerRun) => [run.a, run.c, ...Object.values(run.gates as GateOutputs)]
  return arrays(got).every((array, i) => array.every((value, at) => Object.is(value, arrays(expected)[i][at])))
}

/** A run over x and the states before the first step of another one. */
function sameInput(kernel: Kernel, run: LayerRun, shape: RunShape): LayerRun {
  const copy = randomRun(kernel, () => 0, shape)
  for (const name of ['x', 'a', 'c'] as const) copy[name].set(run[name])
  return copy
}

function raggedLengths(random: () => number, m: number, T_x: number): number[] {
  return Array.from({ length: m }, () => Math.floor(random() * (T_x + 1))).sort((a, b) => b - a)
}

t.test('native', { skip: nativeMissing }, async () => {})

for (const { title, create } of kernels) {
  t.test(title, async (t) => {
    const kernel = create()

    for (const [name, option] of Object.entries(options)) {
      t.test(`${name}: every size around the vector width`, async (t) => {
        const random = randomSource(21)
        let most = 0
        for (const n_a of sizes) {
          const n_x = sizes[Math.floor(random() * sizes.length)]
          const m = 1 + Math.floor(random() * 17)
          const T_x = 1 + Math.floor(random() * 4)
          const weights = randomLayer(random, n_x, n_a, option)
          const layer = kernel.packLayer(weights)
          const shape = { n_x, n_a, n_h: weights.n_h, m, T_x, gates: gateNames, lengths: raggedLengths(random, m, T_x) }
          const run = randomRun(kernel, random, shape)
          kernel.advance(layer, [run], T_x)
          const difference = relativeToOracle(weights, run)
          if (!(difference < toleranceOf(option))) t.fail(`n_x ${n_x}, n_a ${n_a}, m ${m}: off by ${difference}`)
          most = Math.max(most, difference)
          releaseRun(kernel, run)
          kernel.release(layer.memory)
        }
        t.comment(`largest difference ${most}`)
        t.pass('12 layers')
      })
    }

    t.test('projections of every width', async (t) => {
      const random = randomSource(22)
      for (const n_h of sizes) {
        for (const m of [1, 2, 3, 7]) {
          const n_a = n_h + Math.floor(random() * 20)
          const weights = randomLayer(random, 3, n_a, { n_h })
          const layer = kernel.packLayer(weights)
          const run = randomRun(kernel, random, { n_x: 3, n_a, n_h, m, T_x: 3 })
          kernel.advance(layer, [run], 3)
          const difference = relativeToOracle(weights, run)
          if (!(difference < TOLERANCE)) t.fail(`n_a ${n_a}, n_h ${n_h}, m ${m}: off by ${difference}`)
          releaseRun(kernel, run)
          kernel.release(layer.memory)
        }
      }
      t.pass('48 layers')
    })

    t.test('any combination', async () => {
      const number = fc.double({ min: -1, max: 1, noNaN: true })
      const activation: fc.Arbitrary<Activation> = fc.oneof(
        fc.constantFrom(...activationNames).map((name) => ({ name })),
        fc.record({ name: fc.constant('hard_sigmoid' as const), alpha: number, beta: number })
      )
      const option: fc.Arbitrary<RandomOptions> = fc.record(
        {
          n_h: fc.integer({ min: 1, max: 40 }),
          peepholes: fc.boolean(),
          activations: fc.record({ gate: activation, candidate: activation, output: activation }),
          clip: fc.double({ min: 0.01, max: 3, noNaN: true }),
          input_forget: fc.boolean()
        },
        { requiredKeys: [] }
      )
      const size = fc.integer({ min: 1, max: 40 })
      const property = fc.property(
        ...([option, fc.integer(), size, size, fc.integer({ min: 1, max: 17 })] as const),
        (option, seed, n_x, n_a, m) => {
          const random = randomSource(seed)
          const T_x = 1 + Math.floor(random() * 3)
          const weights = randomLayer(random, n_x, n_a, option)
          const layer = kernel.packLayer(weights)
          const shape = { n_x, n_a, n_h: weights.n_h, m, T_x, gates: gateNames, lengths: raggedLengths(random, m, T_x) }
          const run = randomRun(kernel, random, shape)
          kernel.advance(layer, [run], T_x)
          const difference = relativeToOracle(weights, run)
          releaseRun(kernel, run)
          kernel.release(layer.memory)
          return difference < LARGE_TOLERANCE
        }
      )
      fc.assert(property, { seed: 7, numRuns: 150 })
    })

    t.test('a row has the same bits alone and in any crowd, in one call and in many', async (t) => {
      const random = randomSource(23)
      for (const [name, option] of Object.entries(options)) {
        const [n_x, n_a, T_x] = [5, 33, 6]
        const weights = randomLayer(random, n_x, n_a, option)
        const layer = kernel.packLayer(weights)
        const { n_h } = weights
        const crowd = [1, 2, 3, 9].map((m) =>
          randomRun(kernel, random, { n_x, n_a, n_h, m, T_x, gates: gateNames, lengths: raggedLengths(random, m, T_x) })
        )
        const alone = crowd.map((run) =>
          Array.from({ length: run.m }, (_, row) => rowAlone(kernel, run, row, n_x, n_a, n_h))
        )
        kernel.advance(layer, crowd.slice(0, 3), 2)
        kernel.advance(layer, crowd.slice(3), 1)
        kernel.advance(layer, crowd.slice(3), 1)
        kernel.advance(layer, crowd, T_x - 2)
        for (const [i, run] of crowd.entries()) {
          for (const [row, single] of alone[i].entries()) {
            kernel.advance(layer, [single], T_x)
            if (!sameBits(rowOf(run, row, n_a, n_h), single)) t.fail(`${name}: run ${i}, row ${row}`)
          }
        }
        for (const run of [...crowd, ...alone.flat()]) releaseRun(kernel, run)
        kernel.release(layer.memory)
      }
      t.pass('15 rows each')
    })

    t.test('weights come back bit for bit, with all that the layer has', async (t) => {
      const random = randomSource(24)
      for (const [name, option] of Object.entries(options)) {
        const weights = randomLayer(random, 3, 17, option)
        weights.Wi[0] = -0
        const stored = kernel.unpackLayer(kernel.packLayer(weights))
        t.same(stored, withoutUsual(weights), name)
      }
    })

    t.test('smaller recurrent weights, and the others as they are', async (t) => {
      const random = randomSource(25)
      for (const precision of precisions) {
        for (const option of [{ n_h: 5 }, { n_h: 21 }, { n_h: 3, peepholes: true }, { clip: 0.5 }]) {
          for (const n_a of [4, 9, 16, 33]) {
            const weights = randomLayer(random, 6, n_a, option)
            const rounded = roundRecurrent(weights, precision)
            const layer = kernel.packLayer(weights, precision)
            t.same(kernel.unpackLayer(layer), rounded)
            const run = randomRun(kernel, random, { n_x: 6, n_a, n_h: weights.n_h, m: 3, T_x: 3, gates: gateNames })
            kernel.advance(layer, [run], 3)
            const difference = relativeToOracle(rounded, run)
            if (!(difference < TOLERANCE)) t.fail(`${precision}, n_a ${n_a}, n_h ${weights.n_h}: off by ${difference}`)
          }
        }
      }
    })

    t.test('NaN passes through', async (t) => {
      const random = randomSource(26)
      for (const [name, option] of Object.entries(options)) {
        const weights = randomLayer(random, 2, 5, option)
        weights.bc[3] = Number.NaN
        const layer = kernel.packLayer(weights)
        const run = randomRun(kernel, random, { n_x: 2, n_a: 5, n_h: weights.n_h, m: 1, T_x: 1, gates: ['cct'] })
        kernel.advance(layer, [run], 1)
        t.ok(Number.isNaN(run.gates.cct![3]) && Number.isNaN(run.c[5 + 3]), name)
      }
    })
  })
}

for (const { title, create } of addressedKernels) {
  t.test(title, async (t) => {
    const kernel = create()

    t.test('rows done in turns, where there is hardly any scratch, come out the same', async (t) => {
      const random = randomSource(27)
      for (const [name, option] of Object.entries(options)) {
        const [n_x, n_a, m, T_x] = [3, 33, 13, 4]
        const weights = randomLayer(random, n_x, n_a, option)
        const layer = kernel.packLayer(weights)
        const shape = { n_x, n_a, n_h: weights.n_h, m, T_x, gates: gateNames, lengths: raggedLengths(random, m, T_x) }
        const whole = randomRun(kernel, random, shape)
        const turns = sameInput(kernel, whole, shape)
        // room for one row at least, and a projection's
        const narrow = create({ memory: kernel.memory, scratchBytes: 3 * 256 + 3 * 64 + 2 * 256 })
        kernel.advance(layer, [whole], T_x)
        narrow.advance(layer, [turns], T_x)
        t.ok(sameBits(turns, whole), name)
        narrow.close()
      }
    })

    t.test('an option that changes nothing leaves the bits of the plain cell', async (t) => {
      const random = randomSource(28)
      const weights = randomLayer(random, 7, 33)
      const shape = { n_x: 7, n_a: 33, m: 3, T_x: 5, gates: gateNames }
      const plain = randomRun(kernel, random, shape)
      const general = sameInput(kernel, plain, shape)
      kernel.advance(kernel.packLayer(weights), [plain], 5)
      kernel.advance(kernel.packLayer({ ...weights, clip: 1e30 }), [general], 5)
      t.ok(sameBits(general, plain))
    })

    t.test('faults are refused before anything is computed', async (t) => {
      const random = randomSource(29)
      const weights = randomLayer(random, 2, 9, { n_h: 4, peepholes: true })
      const layer = kernel.packLayer(weights)
      t.equal(layer.kernel, kernel.name)
      const run = () => randomRun(kernel, random, { n_x: 2, n_a: 9, n_h: 4, m: 2, T_x: 3 })
      const big = kernel.allocate(100)
      t.throws(() => kernel.advance(layer, [{ ...run(), a: big.subarray(0, 31) }], 1), /a holds 31 values/)
      t.throws(() => kernel.advance(layer, [{ ...run(), c: big.subarray(0, 71) }], 1), /c holds 71 values/)
      t.throws(() => kernel.advance({ ...layer, n_h: 40 }, [run()], 1), /packed weights holds/)
      t.throws(() => kernel.advance({ ...layer, n_h: 0 }, [run()], 1), /empty axis/)
      t.throws(() => kernel.packLayer({ ...weights, Wp: new Float32Array(35) }), /Wp holds 35 values/)
      const { pf, pi } = weights.peepholes!
      const short = { ...weights, peepholes: { pf, pi, po: new Float32Array(8) } }
      t.throws(() => kernel.packLayer(short), /po holds 8 values/)
      const { Wp, ...without } = weights
      t.throws(() => kernel.packLayer(without), /n_h is 4 without a projection/)
      const plainOf5 = randomLayer(random, 2, 65, { n_h: 200 })
      t.throws(() => create({ scratchBytes: 1024 }).packLayer(plainOf5), /bytes of scratch/)
    })
  })
}

/** What is stored of activations that are the usual ones: nothing. */
function withoutUsual({ activations, ...weights }: LayerWeights): LayerWeights {
  const roles = ['gate', 'candidate', 'output'] as const
  if (!activations || roles.every((role) => activations[role].name === usual[role].name)) return weights
  return { ...weights, activations }
}

/** The arrays of one row of a run, with 1 row. */
function rowOf(run: LayerRun, row: number, n_a: number, n_h: number): LayerRun {
  const of = (array: Float32Array, n: number) => array.filter((_, at) => Math.floor(at / n) % run.m === row)
  const gates = Object.fromEntries(Object.entries(run.gates).map(([name, gate]) => [name, of(gate, n_a)]))
  return { ...run, a: of(run.a, n_h), c: of(run.c, n_a), gates }
}
