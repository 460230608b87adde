import t from 'tap'
import { AllModelStatistics, ModelStatistics } from '../../src/metrics/model-statistics.ts'

const phases = { decode: 1, queue: 2, compute: 4, encode: 8 }

t.test('counts, times and sizes add up', async (t) => {
  const statistics = new ModelStatistics()
  statistics.answered({ m: 3, executions: 0.5 }, phases)
  statistics.answered({ m: 3, executions: 0.5 }, phases)
  statistics.answered({ m: 1, executions: 1 }, phases)
  statistics.failed(7)
  t.equal(statistics.inferenceCount, 7)
  t.equal(statistics.executionCount, 2)
  t.match(statistics.success, { count: 3, ms: 45 })
  t.match(statistics.fail, { count: 1, ms: 7 })
  t.match(statistics.queue, { count: 3, ms: 6 })
  t.match(statistics.computeInfer, { count: 3, ms: 12 })
  t.match(
    [...statistics.batches],
    [
      [3, { computeInput: { count: 2, ms: 2 } }],
      [1, { computeOutput: { count: 1, ms: 8 } }]
    ]
  )
  t.ok(Math.abs(statistics.lastInference - Date.now()) < 60_000)
})

t.test('there are only so many sizes', async (t) => {
  const statistics = new ModelStatistics()
  for (let m = 1; m <= 5000; m++) statistics.answered({ m, executions: 1 }, phases)
  t.equal(statistics.batches.size, 64 + 7)
  t.equal(statistics.batches.get(64)!.computeInput.count, 1)
  t.equal(statistics.batches.get(128)!.computeInput.count, 64, '65 to 128')
  t.equal(statistics.batches.get(8192)!.computeInput.count, 5000 - 4096)
})

t.test('what has replaced a set begins anew, and what is not there is not counted', async (t) => {
  const put = (ms: number) => ({ created: new Date(ms) })
  const sets = new Map([['p', put(1000)]])
  const all = new AllModelStatistics((name) => sets.get(name))
  all.answered('p', { m: 1, executions: 1 }, phases)
  all.failed('p', 1)
  t.equal(all.of(sets.get('p')!).success.count, 1)
  sets.set('p', put(2000))
  t.equal(all.of(sets.get('p')!).success.count, 0)
  // told of late
  all.answered('p', { m: 1, executions: 1 }, phases, 1999)
  all.failed('p', 1, 1999)
  t.strictSame([all.of(sets.get('p')!).success.count, all.of(sets.get('p')!).fail.count], [0, 0])
  all.answered('p', { m: 1, executions: 1 }, phases, 2000)
  t.equal(all.of(sets.get('p')!).lastInference, 2000)
  all.answered('none', { m: 1, executions: 1 }, phases)
  all.failed('none', 1)
})
