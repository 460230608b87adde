import assert from 'node:assert/strict'
import t from 'tap'
import type { Job } from '../../src/engine/job.ts'
import { Sharing } from '../../src/engine/sharing.ts'
import { Stepper } from '../../src/engine/stepper.ts'
import { NativeKernel } from '../../src/kernels/native/kernel.ts'
import { createParameterSet, type ParameterSet } from '../../src/parameters/parameter-set.ts'
import { nativeMissing } from '../kernels/kernels.ts'
import { randomSource } from '../kernels/oracle.ts'
import { randomModel } from '../random-model.ts'
import { alone, Crowd, untilHelped } from './crowd.ts'
import { makeJob, results } from './jobs.ts'
import { makeSet } from './sets.ts'

/** Parts of few rows with a crew: the same bits whatever the helpers do, and nobody in memory that is given back. */

t.test('helpers that stand still, stop halfway, die or go', { skip: nativeMissing }, async (t) => {
  const [variant] = NativeKernel.variants()
  for (const behaviours of [
    ['late'],
    ['halfway'],
    ['dies'],
    ['restless'],
    ['late', 'well'],
    ['halfway', 'dies']
  ] as const) {
    const crowd = await Crowd.start(variant, behaviours)
    const { kernel } = crowd
    const set = makeSet(kernel, 4, 6, 256)
    const shape = { lengths: [400], predict: 'all', seed: 5 } as const
    const expected = await alone(kernel, set, shape)
    const run = async () => {
      const job = await crowd.run(makeJob(kernel, set, shape))
      assert.deepEqual(results(job), expected, behaviours.join())
      job.release()
    }
    await run()
    await untilHelped(crowd, run)
    await run()
    t.ok(crowd.turns > 0 || crowd.helpers < behaviours.length, `${behaviours}: ${crowd.turns} turns were shared`)
    await crowd.close()
  }
})

t.test('a job that is stopped: nobody writes to its memory any more', { skip: nativeMissing }, async (t) => {
  const [variant] = NativeKernel.variants()
  for (const behaviour of ['well', 'late', 'halfway'] as const) {
    const crowd = await Crowd.start(variant, [behaviour])
    const set = makeSet(crowd.kernel, 4, 6, 256)
    for (const ms of [1, 2, 3, 5, 8]) {
      const job = makeJob(crowd.kernel, set, { lengths: [4000], predict: 'last', seed: 6 })
      const running = crowd.run(job)
      setTimeout(() => job.whole.stop.fill(1), ms)
      await t.rejects(running, { code: 'LSTM_ERR_CLIENT_GONE' })
      for (const { run } of job.whole.passes) for (const rows of [run.a, run.c]) rows.fill(7)
      await new Promise((resolve) => setTimeout(resolve, 15))
      const { a, c } = job.whole.passes[0].run
      t.ok(a.every((value) => value === 7) && c.every((value) => value === 7), `${behaviour}, after ${ms} ms`)
      job.release()
    }
    await crowd.close()
  }
})

t.test('others come and go while a part has a crew', { skip: nativeMissing }, async (t) => {
  const [variant] = NativeKernel.variants()
  const crowd = await Crowd.start(variant, ['well', 'late'])
  const { kernel } = crowd
  const sets = [makeSet(kernel, 7, 4, 256), makeSet(kernel, 8, 3, 256), makeSet(kernel, 9, 3, 20)]
  const random = randomSource(41)
  const shapes = Array.from({ length: 40 }, (_, seed) => {
    const set = sets[seed === 0 ? 0 : Math.floor(random() * sets.length)]
    const lengths = random() < 0.6 ? [300] : [30, 12]
    return { set, pause: random() < 0.5 ? 0 : 30 * random(), shape: { lengths, predict: 'all' as const, seed } }
  })
  const running: Promise<Job>[] = []
  for (const { set, pause, shape } of shapes) {
    running.push(crowd.run(makeJob(kernel, set, shape)))
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
  for (const [i, job] of (await Promise.all(running)).entries()) {
    assert.deepEqual(results(job), await alone(kernel, shapes[i].set, shapes[i].shape), `job ${i}`)
    job.release()
  }
  const { set, shape } = shapes[0]
  await untilHelped(crowd, async () => (await crowd.run(makeJob(kernel, set, { ...shape, lengths: [300] }))).release())
  t.ok(crowd.turns > 0, `${crowd.turns} turns were shared`)
  await crowd.close()
})

t.test('no offers where they are not worth it', { skip: nativeMissing }, async (t) => {
  const kernel = new NativeKernel()
  const stepper = new Stepper(kernel)
  let offers = 0
  const sharing = new Sharing({
    kernel,
    stepper,
    workers: 2,
    handOver: () => t.fail('nothing here is wide'),
    offer: (id) => {
      offers++
      setImmediate(() => sharing.ended(id, { type: 'stopped' }))
    },
    someIdle: () => true
  })
  const run = async (set: ParameterSet, T_x: number) => {
    const before = offers
    const job = makeJob(kernel, set, { lengths: [T_x], predict: 'last', seed: 1 })
    await sharing.run(job.whole)
    job.release()
    return offers - before
  }
  const large = makeSet(kernel, 1, 8, 256)
  t.equal(await run(large, 100), 0, 'it is over too soon')
  t.equal(await run(makeSet(kernel, 2, 8, 32), 20_000), 0, 'a step is too short')
  const peephole = createParameterSet(kernel, randomModel(3, 4, [{ n_a: 200, peepholes: true }]))
  t.equal(await run(peephole, 200), 0, 'it has more than the plain cell')
  t.ok((await run(large, 400)) >= 1)
  sharing.onLost(1000)
  t.equal(await run(large, 400), 0, 'a helper was waited for in vain a moment ago')
})
