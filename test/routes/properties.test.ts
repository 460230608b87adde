import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { kernelNames } from '../kernels/kernels.ts'
import { startService } from '../service.ts'
import { float32, fromBase64, random, randomSet, toBase64, transpose } from '../tensors.ts'

/** Sizes around the widths of vectors. */
const size = fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17)

const sequences = fc
  .record({
    n_x: size,
    n_a: size,
    n_y: fc.integer({ min: 1, max: 5 }),
    m: fc.integer({ min: 1, max: 6 }),
    T_x: fc.integer({ min: 1, max: 9 }),
    seed: fc.nat()
  })
  .chain((dimensions) =>
    fc.record({
      dimensions: fc.constant(dimensions),
      lengths: fc.array(fc.integer({ min: 1, max: dimensions.T_x }), {
        minLength: dimensions.m,
        maxLength: dimensions.m
      })
    })
  )
  .map(({ dimensions: { n_x, n_a, n_y, m, T_x, seed }, lengths }) => ({
    parameters: randomSet(seed, n_x, n_a, n_y),
    x: random(seed + 30, [n_x, m, T_x], 2) as number[][][],
    a0: random(seed + 31, [n_a, m]) as number[][],
    c0: random(seed + 32, [n_a, m], 2) as number[][],
    lengths
  }))

const options = { numRuns: 40 }
const outputs = ['a', 'y', 'c', 'ft', 'it', 'cct', 'ot', 'a_last', 'c_last']

for (const kernel of kernelNames)
  t.test(`properties of every answer: ${kernel}`, async (t) => {
    const { ask } = await startService(t, { kernel })
    const compute = async (body: Record<string, unknown>) => {
      const { status, json } = await ask({ url: '/sequence', body: { outputs, ...body } })
      assert.equal(status, 200, JSON.stringify(json))
      return json
    }

    await t.test('a batch of m equals m batches of one, bit for bit', async () => {
      const property = fc.asyncProperty(sequences, async ({ parameters, x, a0, c0, lengths }) => {
        const batch = await compute({ parameters, x, a0, c0, lengths })
        for (const [j, length] of lengths.entries()) {
          const column = (state: number[][]) => state.map((row) => [row[j]])
          const series = (tensor: number[][][]) => tensor.map((rows) => [rows[j].slice(0, length)])
          const one = await compute({ parameters, x: series(x), a0: column(a0), c0: column(c0) })
          for (const name of outputs.slice(0, -2)) assert.deepEqual(series(batch[name]), one[name])
          assert.deepEqual(column(batch.a_last), one.a_last)
          assert.deepEqual(column(batch.c_last), one.c_last)
        }
      })
      await fc.assert(property, options)
    })

    await t.test('a sequence equals a loop of cells, bit for bit', async () => {
      const property = fc.asyncProperty(sequences, async ({ parameters, x, a0, c0 }) => {
        const whole = await compute({ parameters, x, a0, c0 })
        let [a_prev, c_prev] = [a0, c0]
        for (let step = 0; step < x[0][0].length; step++) {
          const at = (tensor: number[][][]) => tensor.map((rows) => rows.map((values) => values[step]))
          const { json } = await ask({
            url: '/cell',
            body: { parameters, xt: at(x), a_prev, c_prev, outputs: ['ft', 'ot'] }
          })
          assert.deepEqual(json.a_next, at(whole.a))
          assert.deepEqual(json.c_next, at(whole.c))
          assert.deepEqual(json.yt_pred, at(whole.y))
          assert.deepEqual(json.ft, at(whole.ft))
          assert.deepEqual(json.ot, at(whole.ot))
          a_prev = json.a_next
          c_prev = json.c_next
        }
      })
      await fc.assert(property, options)
    })

    await t.test('base64 equals nested', async () => {
      const property = fc.asyncProperty(sequences, async ({ parameters, x, a0, c0, lengths }) => {
        const nested = await compute({ parameters, x, a0, c0, lengths })
        const inBase64 = await compute({ parameters, x: toBase64(x), a0: toBase64(a0), c0: toBase64(c0), lengths })
        // a decimal that is the shortest of a float32 stands for that float32
        const rounded = float32(nested)
        for (const name of outputs) assert.deepEqual(fromBase64(inBase64[name]), rounded[name])
      })
      await fc.assert(property, options)
    })

    await t.test('layouts are transposes of each other', async () => {
      const property = fc.asyncProperty(sequences, async ({ parameters, x, a0, c0, lengths }) => {
        const plain = await compute({ parameters, x, a0, c0, lengths })
        const [a0T, c0T] = [a0, c0].map((state) => transpose(state, [1, 0]))
        for (const [layout, order] of [
          ['batch_first', [1, 2, 0]],
          ['time_first', [2, 1, 0]]
        ] as const) {
          const other = await compute({ parameters, x: transpose(x, order), a0: a0T, c0: c0T, lengths, layout })
          for (const name of outputs)
            assert.deepEqual(other[name], transpose(plain[name], name.endsWith('_last') ? [1, 0] : order))
        }
      })
      await fc.assert(property, options)
    })
  })
