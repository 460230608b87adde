import t from 'tap'
import { CostModel } from '../../src/engine/cost-model.ts'
import { InlinePolicy, inlineBounds } from '../../src/engine/inline.ts'

const timing = (ms: number) => ({ decode: ms / 4, compute: ms / 2, encode: ms / 4 })
const nextTurn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

const learn = (model: CostModel | InlinePolicy, bytes: number, ms: number, times = 8) => {
  for (let i = 0; i < times; i++) {
    if (model instanceof CostModel) model.learn('cell', bytes, ms)
    else model.learn('cell', bytes, timing(ms))
  }
}

t.test('costs are learned by kind and by about the length of the body', async (t) => {
  const costs = new CostModel()
  learn(costs, 1000, 2, 6)
  t.equal(costs.estimate('cell', 1000), Number.POSITIVE_INFINITY, 'little is known yet')
  learn(costs, 1000, 2, 1)
  t.equal(costs.estimate('cell', 1000), 2)
  t.equal(costs.estimate('cell', 1010), 2)
  t.equal(costs.estimate('cell', 1200), Number.POSITIVE_INFINITY)
  t.equal(costs.estimate('sequence', 1000), Number.POSITIVE_INFINITY)
  learn(costs, 1000, 2)
  learn(costs, 1000, 50, 1)
  t.equal(costs.estimate('cell', 1000), 2, 'one may have been interrupted')
  learn(costs, 1000, 10, 1)
  t.equal(costs.estimate('cell', 1000), 10, 'two are a reason')
  learn(costs, 1000, 2, 7)
  t.equal(costs.estimate('cell', 1000), 2, 'until they are past')
  for (const bytes of [0, 1, 2 ** 40]) {
    learn(costs, bytes, 1)
    t.equal(costs.estimate('cell', bytes), 1)
  }
})

t.test('what is short is run here, what is long only alone, what is unknown or large never', async (t) => {
  const policy = new InlinePolicy()
  t.notOk(policy.takes('cell', 100, 0), 'unknown')
  learn(policy, 100, 0.04)
  learn(policy, 500, 0.2)
  learn(policy, 900, 2)
  learn(policy, 100_000, 0.04)
  t.ok(policy.takes('cell', 100, 5))
  t.notOk(policy.takes('cell', 500, 5), 'others would wait')
  await nextTurn()
  t.ok(policy.takes('cell', 500, 0))
  await nextTurn()
  t.notOk(policy.takes('cell', 900, 0))
  t.notOk(policy.takes('cell', 100_000, 0))
})

t.test('of more than a little work in one turn of the event loop the rest is handed over', async (t) => {
  const policy = new InlinePolicy()
  learn(policy, 100, 0.09)
  learn(policy, 500, 0.009)
  const taken = (bytes: number) => [1, 2, 3, 4].map((underWay) => policy.takes('cell', bytes, underWay))
  t.strictSame(taken(100), [true, true, false, false])
  t.strictSame(taken(500), [true, true, false, false], 'shorter ones still fit')
  await nextTurn()
  t.strictSame(taken(500), [true, true, true, true])
  await nextTurn()
  t.strictSame(taken(100), [true, true, false, false])
})

t.test(
  'with a thread on each core what is longer is run there too, but in a crowd only, and up to a bound',
  async (t) => {
    let everywhere = false
    const asked: number[] = []
    const crowd = {
      isEverywhere: (here: number) => {
        asked.push(here)
        return everywhere
      }
    }
    const policyFor = (httpThreads: number) => {
      const policy = new InlinePolicy(inlineBounds(httpThreads, 4), new CostModel(), crowd)
      for (const [bytes, ms] of [
        [100, 0.9],
        [200_000, 5],
        [300_000, 5],
        [400_000, 20],
        [600_000, 5]
      ]) {
        learn(policy, bytes, ms)
      }
      return policy
    }
    const taken = (policy: InlinePolicy) =>
      [100, 200_000, 300_000, 400_000, 600_000].map((bytes) => policy.takes('cell', bytes, 3, 2))
    t.strictSame(taken(policyFor(4)), [true, false, false, false, false])
    everywhere = true
    t.strictSame(taken(policyFor(4)), [true, true, true, false, false])
    t.ok(asked.length > 0 && asked.every((here) => here === 2), 'by what this thread runs itself')
    t.strictSame(
      taken(policyFor(2)),
      [true, false, false, false, false],
      'cores without an HTTP thread are for workers'
    )
    t.strictSame(taken(policyFor(1)), [false, false, false, false, false])
  }
)
