import t from 'tap'
import { CostModel } from '../../src/engine/cost-model.ts'
import { InlinePolicy } from '../../src/engine/inline.ts'

const timing = (ms: number) => ({ decode: ms / 4, compute: ms / 2, encode: ms / 4 })
const nextTurn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

t.test('costs are learned by kind and by about the length of the body', async (t) => {
  const costs = new CostModel()
  t.equal(costs.estimate('cell', 1000), Number.POSITIVE_INFINITY, 'nothing is known yet')
  costs.learn('cell', 1000, 2)
  t.equal(costs.estimate('cell', 1000), 2)
  t.equal(costs.estimate('cell', 1010), 2)
  t.equal(costs.estimate('cell', 1200), Number.POSITIVE_INFINITY)
  t.equal(costs.estimate('sequence', 1000), Number.POSITIVE_INFINITY)
  costs.learn('cell', 1000, 10)
  t.equal(costs.estimate('cell', 1000), 10, 'the worse is believed at once')
  costs.learn('cell', 1000, 2)
  t.equal(costs.estimate('cell', 1000), 9, 'the better slowly')
  for (const bytes of [0, 1, 2 ** 40]) {
    costs.learn('sequence', bytes, 1)
    t.equal(costs.estimate('sequence', bytes), 1)
  }
})

t.test('what is short is run here, what is long only alone, what is unknown or large never', async (t) => {
  const policy = new InlinePolicy()
  t.notOk(policy.takes('cell', 100, 0), 'unknown')
  policy.learn('cell', 100, timing(0.04))
  policy.learn('cell', 500, timing(0.2))
  policy.learn('cell', 900, timing(2))
  policy.learn('cell', 100_000, timing(0.04))
  t.ok(policy.takes('cell', 100, 5))
  t.notOk(policy.takes('cell', 500, 5), 'others would wait')
  t.ok(policy.takes('cell', 500, 0))
  await nextTurn()
  t.notOk(policy.takes('cell', 900, 0))
  t.notOk(policy.takes('cell', 100_000, 0))
})

t.test('of many in one turn of the event loop most are handed over', async (t) => {
  const policy = new InlinePolicy()
  policy.learn('cell', 100, timing(0.01))
  const taken = () => [1, 2, 3, 4].map((underWay) => policy.takes('cell', 100, underWay))
  t.strictSame(taken(), [true, true, false, false])
  await nextTurn()
  t.strictSame(taken(), [true, true, false, false])
})
