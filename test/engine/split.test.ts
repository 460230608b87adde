import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { partsWorthwhile, split } from '../../src/engine/split.ts'
import { Stepper } from '../../src/engine/stepper.ts'
import { createKernel, shareKernel } from '../../src/kernels/choose.ts'
import { kernelNames } from '../kernels/kernels.ts'
import { makeJob, results, setsOfEveryKind } from './jobs.ts'
import { makeSet } from './sets.ts'

const shapes = fc.record({
  lengths: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 70 }),
  predict: fc.constantFrom('all' as const, 'last' as const, 'none' as const),
  seed: fc.nat()
})

for (const name of kernelNames)
  t.test(`a job in parts gives the same bits as whole: ${name}`, async () => {
    const kernel = createKernel(shareKernel(name))
    const sets = setsOfEveryKind(kernel)
    const kinds = fc.nat(sets.length - 1)
    const property = fc.asyncProperty(kinds, shapes, fc.integer({ min: 1, max: 9 }), async (kind, shape, count) => {
      const [name, set] = sets[kind]
      const [whole, cut] = [makeJob(kernel, set, shape), makeJob(kernel, set, shape)]
      await new Stepper(kernel).run(whole.whole)
      const parts = split(cut.whole, count)
      assert.ok(parts.length <= count)
      const workers = parts.map(() => new Stepper(kernel))
      await Promise.all(parts.map((part, i) => workers[i].run(part)))
      assert.deepEqual(results(cut), results(whole), name)
      whole.release()
      cut.release()
    })
    await fc.assert(property, { numRuns: 150 })
  })

t.test('parts have about equally many steps to make, whatever the lengths', async (t) => {
  const kernel = createKernel(shareKernel('reference'))
  const set = makeSet(kernel, 1, 1, 1)
  const lengths = Array.from({ length: 400 }, (_, i) => (i % 10 === 0 ? 100 : 1))
  const { whole } = makeJob(kernel, set, { lengths, predict: 'none', seed: 1 })
  const steps = split(whole, 4).map(({ passes: [{ run }] }) => run.activeRows.reduce((sum, rows) => sum + rows, 0))
  t.equal(steps.length, 4)
  t.equal(
    steps.reduce((sum, each) => sum + each, 0),
    40 * 100 + 360
  )
  // eight rows more or fewer is as near as whole tiles come
  for (const each of steps) t.ok(Math.abs(each - 4360 / 4) <= 8 * 100, `${each} steps`)
})

t.test('a job is cut where its work is worth it', async (t) => {
  const kernel = createKernel(shareKernel('reference'))
  const set = makeSet(kernel, 1, 256, 256)
  const whole = (m: number, T_x: number) =>
    makeJob(kernel, set, { lengths: new Array<number>(m).fill(T_x), predict: 'none', seed: 1 }).whole
  t.equal(partsWorthwhile(whole(1, 200), 4), 1, 'one row cannot be cut')
  t.equal(partsWorthwhile(whole(15, 200), 4), 1, 'nor can less than two tiles')
  t.equal(partsWorthwhile(whole(16, 200), 4), 2)
  t.equal(partsWorthwhile(whole(64, 1), 4), 1, 'there is too little to do')
  t.equal(partsWorthwhile(whole(64, 100), 4), 4, 'one for each worker')
  t.equal(partsWorthwhile(whole(64, 100), 1), 1)
})
