import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import type { Job } from '../../src/engine/job.ts'
import { finished } from '../../src/engine/part.ts'
import { Stepper } from '../../src/engine/stepper.ts'
import { createKernel, shareKernel } from '../../src/kernels/choose.ts'
import type { Kernel } from '../../src/kernels/kernel.ts'
import { createReferenceKernel } from '../../src/kernels/reference.ts'
import type { ParameterSet } from '../../src/parameters/parameter-set.ts'
import { kernelNames } from '../kernels/kernels.ts'
import { makeJob, results, setsOfEveryKind } from './jobs.ts'
import { makeSet } from './sets.ts'

/** A job of m columns of the same length. */
const evenJob = (kernel: Kernel, set: ParameterSet, seed: number, m: number, T_x: number) =>
  makeJob(kernel, set, { lengths: new Array<number>(m).fill(T_x), predict: 'all', seed })

for (const name of kernelNames)
  t.test(`a job gives the same bits alone and in a crowd that comes and goes: ${name}`, async () => {
    const kernel = createKernel(shareKernel(name))
    const sets = [makeSet(kernel, 2, 2, 9), ...setsOfEveryKind(kernel).map(([, set]) => set)]
    const arrivals = fc.array(
      fc.record({
        set: fc.nat(sets.length - 1),
        seed: fc.nat(),
        lengths: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
        predict: fc.constantFrom('all' as const, 'last' as const),
        pause: fc.integer({ min: 0, max: 2 })
      }),
      { minLength: 2, maxLength: 12 }
    )
    const property = fc.asyncProperty(arrivals, async (jobs) => {
      const crowd = new Stepper(kernel)
      const running: Promise<Job>[] = []
      for (const { set, pause, ...shape } of jobs) {
        const job = makeJob(kernel, sets[set], shape)
        running.push(crowd.run(job.whole).then(() => job))
        for (let i = 0; i < pause; i++) await new Promise(setImmediate)
      }
      const together = await Promise.all(running)
      for (const [i, { set, ...shape }] of jobs.entries()) {
        const alone = makeJob(kernel, sets[set], shape)
        await new Stepper(kernel).run(alone.whole)
        assert.deepEqual(results(together[i]), results(alone))
      }
    })
    await fc.assert(property, { numRuns: 60 })
  })

t.test('a short job does not wait for a long one, of the same set or of another', async (t) => {
  const kernel = createReferenceKernel()
  const [one, two] = [makeSet(kernel, 1, 3, 16), makeSet(kernel, 2, 3, 16)]
  const stepper = new Stepper(kernel)
  const order: string[] = []
  const long = evenJob(kernel, one, 1, 4, 3000)
  const running = stepper.run(long.whole).then(() => order.push('long'))
  await new Promise(setImmediate)
  for (const [name, set] of [
    ['same', one],
    ['other', two]
  ] as const) {
    const job = evenJob(kernel, set, 2, 1, 5)
    await stepper.run(job.whole)
    order.push(name)
  }
  t.ok(long.whole.passes[0].run.t < 3000, 'the long one is still at it')
  await running
  t.strictSame(order, ['same', 'other', 'long'])
})

t.test('the time of a call is shared by the rows that it moved', async (t) => {
  const kernel = createReferenceKernel()
  const set = makeSet(kernel, 1, 3, 8)
  const stepper = new Stepper(kernel)
  const begin = performance.now()
  const [one, four] = await Promise.all([
    stepper.run(evenJob(kernel, set, 1, 1, 200).whole),
    stepper.run(evenJob(kernel, set, 2, 4, 200).whole)
  ])
  const all = performance.now() - begin
  t.ok(Math.abs(four.ms / one.ms - 4) < 1e-6, `${four.ms} ms of four rows, ${one.ms} ms of one`)
  t.ok(one.ms + four.ms <= all, 'no more than has passed')
})

t.test('executions of jobs that ran together are those of one', async (t) => {
  const kernel = createReferenceKernel()
  const sets = [makeSet(kernel, 1, 3, 8), ...setsOfEveryKind(kernel).map(([, set]) => set)]
  for (const set of sets) {
    const stepper = new Stepper(kernel)
    const run = (T_x: number) => stepper.run(evenJob(kernel, set, 1, 2, T_x).whole)
    t.equal((await run(7)).executions, 1, 'alone')
    const three = await Promise.all([run(7), run(7), run(7)])
    for (const { executions } of three) t.ok(Math.abs(executions - 1 / 3) < 1e-9, 'in a crowd of the same length')
  }
  const stepper = new Stepper(kernel)
  const run = (T_x: number) => stepper.run(evenJob(kernel, sets[0], 1, 2, T_x).whole)
  const [short, long] = await Promise.all([run(10), run(40)])
  t.ok(Math.abs(short.executions - 1 / 2) < 1e-9)
  t.ok(Math.abs(long.executions - (10 / 2 + 30) / 40) < 1e-9, 'its last 30 steps were its own')
})

t.test('a kernel that throws fails the jobs of that call alone', async (t) => {
  const kernel = createReferenceKernel()
  const [good, bad] = [makeSet(kernel, 1, 2, 3), makeSet(kernel, 2, 2, 3)]
  const faulty: Kernel = {
    ...kernel,
    advance(layer, runs, steps) {
      if (layer === bad.layers[0].forward) throw new Error('made to fail')
      kernel.advance(layer, runs, steps)
    }
  }
  const stepper = new Stepper(faulty)
  const fine = evenJob(kernel, good, 1, 1, 5)
  const running = stepper.run(fine.whole)
  await t.rejects(stepper.run(evenJob(kernel, bad, 1, 1, 5).whole), { message: 'made to fail' })
  await running
  t.ok(finished(fine.whole))
  await t.rejects(stepper.run(evenJob(kernel, bad, 1, 1, 5).whole), { message: 'made to fail' }, 'and goes on')
})

t.test('a higher priority goes first, and a lower one goes on all the same', async (t) => {
  const kernel = createReferenceKernel()
  const [one, two] = [makeSet(kernel, 1, 3, 16), makeSet(kernel, 2, 3, 16)]
  const stepper = new Stepper(kernel)
  const order: string[] = []
  const parts = (
    [
      ['low', one, 3],
      ['usual', one, 2],
      ['other set', two, 2],
      ['high', one, 1]
    ] as const
  ).map(([name, set, priority]) => {
    const { whole } = evenJob(kernel, set, 1, 2, 2000)
    return { name, part: { ...whole, priority } }
  })
  const running = parts.map(({ name, part }) => stepper.run(part).then(() => order.push(name)))
  while (parts[3].part.passes[0].run.t < 1000) await new Promise(setImmediate)
  for (const { name, part } of parts.slice(0, 3)) {
    const { t: made } = part.passes[0].run
    t.ok(made > 0, `${name} has not been left behind`)
    t.ok(made < 900, `${name} has made ${made} steps`)
  }
  await Promise.all(running)
  t.equal(order[0], 'high')
  t.equal(order[3], 'low')
})
