import assert from 'node:assert/strict'
import t from 'tap'
import { NativeKernel } from '../../src/kernels/native/kernel.ts'
import { createParameterSet } from '../../src/parameters/parameter-set.ts'
import { nativeMissing } from '../kernels/kernels.ts'
import { randomModel } from '../random-model.ts'
import { alone, Crowd, untilHelped } from './crowd.ts'
import { makeJob, results } from './jobs.ts'

/** Parts of few rows with a crew: the same bits as alone. */

const both = ['forward', 'reverse'] as const
const head = { n_y: 2, activation: 'softmax' } as const
const layersOf = (seed: number, n_x: number, n_a: number) => randomModel(seed, n_x, [{ n_a }], head)
const [n512, n520, n1000] = [layersOf(1, 9, 512), layersOf(2, 3, 520), layersOf(3, 2, 1000)]
const stack = randomModel(21, 5, [{ n_a: 160, directions: both }, { n_a: 130 }], head)

for (const variant of nativeMissing === false ? NativeKernel.variants() : []) {
  t.test(`help changes no bit: ${variant}`, async (t) => {
    const crowd = await Crowd.start(variant, ['well', 'well', 'restless'])
    const { kernel } = crowd
    for (const [model, lengths, predict] of [
      [n512, [60], 'all'],
      [n520, [40, 40, 11], 'last'],
      [n1000, [21], 'last'],
      [stack, [130, 70], 'all']
    ] as const) {
      const shape = { lengths, predict, seed: lengths[0] }
      const set = createParameterSet(kernel, model)
      const expected = await alone(kernel, set, shape)
      const before = crowd.turns
      await untilHelped(crowd, async () => {
        const job = await crowd.run(makeJob(kernel, set, shape))
        assert.deepEqual(results(job), expected)
        job.release()
      })
      t.ok(crowd.turns > before, `n_a ${set.n_a}: ${crowd.turns - before} turns were shared`)
    }
    await crowd.close()
  })
}
