import t from 'tap'
import { Crowd } from '../../src/engine/crowd.ts'
import { RunningValues } from '../../src/engine/running-values.ts'

/** Two workers, the main thread, the background, one front. */
const [WORKER, MAIN, FRONT] = [0, 2, 4]

const start = (cores: number) => {
  const runningValues = RunningValues.createMemory(5)
  const pending = { pending: 0 }
  const crowd = new Crowd({ runningValues, slot: MAIN, httpSlots: [MAIN, FRONT], cores }, pending)
  return { crowd, pending, run: (slot: number) => new RunningValues(runningValues, slot).take(1) }
}

t.test('while there are two cores for each, workers divide them', async (t) => {
  const { crowd, pending, run } = start(8)
  run(FRONT)
  for (pending.pending = 0; pending.pending < 4; pending.pending++) t.notOk(crowd.isEverywhere(0))
  t.ok(crowd.isEverywhere(0))
})

t.test('more than a good batch stays only where no other thread has its core to spare', async (t) => {
  const { crowd, pending, run } = start(2)
  t.notOk(crowd.isEverywhere(0), 'it is alone')
  pending.pending = 9
  run(MAIN)
  run(WORKER)
  t.ok(crowd.isEverywhere(0))
  t.ok(crowd.isEverywhere(7), 'one batch is as fast as two of half as many')
  t.notOk(crowd.isEverywhere(8), 'the other HTTP thread runs nothing')
  run(FRONT)
  t.ok(crowd.isEverywhere(8))
})
