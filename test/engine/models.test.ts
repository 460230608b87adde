import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { Job, type RowsOf } from '../../src/engine/job.ts'
import { Stepper } from '../../src/engine/stepper.ts'
import { createKernel, shareKernel } from '../../src/kernels/choose.ts'
import { headActivations } from '../../src/lstm/model.ts'
import {
  createParameterSet,
  modelOfSet,
  placedLayers,
  releaseParameterSet
} from '../../src/parameters/parameter-set.ts'
import { kernelNames } from '../kernels/kernels.ts'
import { forwardOf } from '../model-forward.ts'
import { type RandomLayer, randomModel } from '../random-model.ts'
import { flatten, random } from '../tensors.ts'

/** Whatever a model is made of, the engine computes what its equations say. */

const LIMIT = 1e-5

const activation = fc.constantFrom(
  { name: 'sigmoid' as const },
  { name: 'tanh' as const },
  { name: 'hard_sigmoid' as const, alpha: 0.25, beta: 0.4 }
)

const layers: fc.Arbitrary<RandomLayer> = fc.record(
  {
    n_a: fc.integer({ min: 1, max: 19 }),
    n_p: fc.integer({ min: 1, max: 5 }),
    directions: fc.constantFrom(
      ['forward' as const],
      ['reverse' as const],
      ['forward' as const, 'reverse' as const],
      ['forward' as const]
    ),
    peepholes: fc.boolean(),
    options: fc.record(
      {
        activations: fc.record({ gate: activation, candidate: activation, output: activation }),
        clip: fc.double({ min: 0.1, max: 2, noNaN: true }),
        input_forget: fc.boolean()
      },
      { requiredKeys: [] }
    )
  },
  { requiredKeys: ['n_a', 'directions'] }
)

const cases = fc.record({
  seed: fc.nat(1e6),
  n_x: fc.integer({ min: 1, max: 6 }),
  layers: fc.array(layers, { minLength: 1, maxLength: 3 }),
  head: fc.option(
    fc.record({ n_y: fc.integer({ min: 1, max: 20 }), activation: fc.constantFrom(...headActivations) }),
    {
      nil: undefined
    }
  ),
  lengths: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 10 }),
  last: fc.boolean()
})

for (const name of kernelNames)
  t.test(`random stacks: ${name}`, async () => {
    const kernel = createKernel(shareKernel(name))
    const property = fc.asyncProperty(cases, async ({ seed, n_x, layers, head, lengths, last }) => {
      const model = randomModel(seed, n_x, layers, head)
      const set = createParameterSet(kernel, model)
      const m = lengths.length
      const T_x = Math.max(...lengths)
      const values = (shape: number[], more: number) => Float32Array.from(flatten(random(seed + more, shape)))
      const predict = head === undefined ? 'none' : last ? 'last' : 'all'
      const job = new Job(kernel, { set, m, T_x, lengths, gates: [], predict, maxValues: 1e7 })
      const x = values([T_x, m, n_x], 1)
      job.setInput({ data: x, strides: { T_x: m * n_x, m: n_x, n: 1 } })
      const states = placedLayers(set).map(({ layer: { n_h, n_a } }, place) => {
        const [a, c] = [values([m, n_h], 2 + place), values([m, n_a], 50 + place)]
        const rows = (data: Float32Array, n: number) => ({ data, strides: { T_x: 0, m: n, n: 1 } })
        job.setStates(place, rows(a, n_h), rows(c, n_a))
        return { a, c, n_h, n_a }
      })
      await new Stepper(kernel).run(job.whole)

      const check = (what: string, got: ArrayLike<number>, from: number, wanted: readonly number[]) => {
        for (const [i, value] of wanted.entries()) {
          const difference = Math.abs(got[from + i] - value)
          assert.ok(difference <= LIMIT * Math.max(1, Math.abs(value)), `${what}: off by ${difference}`)
        }
      }
      const steps = (rows: RowsOf[], width: number) => {
        const { data, block } = job.allSteps(rows)
        return (j: number, t: number) => [data, ((block + t) * m + j) * width] as const
      }
      const a = steps(job.topStates('a'), set.n_a)
      for (const [j, length] of lengths.entries()) {
        const rowsOf = (data: Float32Array, n: number, at: number) => Array.from(data.subarray(at * n, (at + 1) * n))
        const input = Array.from({ length: T_x }, (_, t) => rowsOf(x, n_x, t * m + j))
        const initial = states.map((state) => ({
          h: rowsOf(state.a, state.n_h, j),
          c: rowsOf(state.c, state.n_a, j)
        }))
        const expected = forwardOf(model, input, length, initial)
        for (let t = 0; t < T_x; t++) check('a', ...a(j, t), expected.a[t])
        for (const [place, { n_h, n_a }] of states.entries()) {
          check('a_last', job.lastSteps([job.states(place, 'a')]), j * n_h, expected.last[place].h)
          check('c_last', job.lastSteps([job.states(place, 'c')]), j * n_a, expected.last[place].c)
        }
        if (predict === 'all')
          for (let t = 0; t < T_x; t++) check('y', ...steps([job.predictions], head!.n_y)(j, t), expected.y[t])
        if (predict === 'last') check('last y', job.lastPredictions(), j * head!.n_y, expected.y_last!)
      }
      job.release()
      releaseParameterSet(kernel, set)
    })
    await fc.assert(property, { numRuns: 150 })
  })

for (const name of kernelNames)
  t.test(`a model comes back bit for bit: ${name}`, async () => {
    const kernel = createKernel(shareKernel(name))
    const property = fc.property(cases, ({ seed, n_x, layers, head }) => {
      const model = randomModel(seed, n_x, layers, head)
      const set = createParameterSet(kernel, model)
      // options that change nothing, such as sigmoid for the gates, need not come back; arrays do
      const arrays = (value: unknown): Float32Array[] =>
        value instanceof Float32Array
          ? [value]
          : typeof value === 'object' && value !== null
            ? Object.entries(value)
                .sort(([a], [b]) => (a < b ? -1 : 1))
                .flatMap(([, each]) => arrays(each))
            : []
      const bits = (values: Float32Array[]) => values.map(({ buffer }) => Buffer.from(buffer).toString('hex'))
      assert.deepEqual(bits(arrays(modelOfSet(kernel, set))), bits(arrays(model)))
      releaseParameterSet(kernel, set)
    })
    fc.assert(property, { numRuns: 60 })
  })
