import t from 'tap'
import type { Member } from '../../src/engine/member.ts'
import type { ToWorker } from '../../src/engine/messages.ts'
import type { Part } from '../../src/engine/part.ts'
import { SharedParts } from '../../src/engine/shared-parts.ts'
import { Sharing } from '../../src/engine/sharing.ts'
import { Stepper } from '../../src/engine/stepper.ts'
import { createReferenceKernel } from '../../src/kernels/reference.ts'
import { makeSet } from './sets.ts'

/** 64 rows of 100 steps: work for several; a kernel that does nothing makes it quick. */
function wide(): { part: Part; stepper: Stepper } {
  const kernel = createReferenceKernel()
  const set = makeSet(kernel, 1, 256, 256)
  const [m, T_x] = [64, 100]
  const rows = (blocks: number) => kernel.allocate(blocks * m * 256)
  const activeRows = new Int32Array(T_x).fill(m)
  const run = { m, T_x, x: rows(T_x), a: rows(T_x + 1), c: rows(T_x + 1), gates: {}, activeRows, t: 0 }
  const idle = {
    ...kernel,
    advance: (_: unknown, runs: readonly { t: number }[], steps: number) => {
      for (const each of runs) each.t += steps
    }
  }
  const passes = [{ layer: set.layers[0].forward!, run }]
  const rest = {
    head: undefined,
    predict: 'none',
    y: undefined,
    last: undefined,
    stop: new Float32Array(1),
    priority: 2
  } as const
  return { part: { passes, pass: 0, ...rest }, stepper: new Stepper(idle) }
}

function sharingOf(stepper: Stepper, handOver: (id: number) => void): Sharing {
  const never = () => t.fail('no helpers are needed')
  const kernel = createReferenceKernel()
  return new Sharing({ kernel, stepper, workers: 3, handOver, offer: never, someIdle: () => true })
}

t.test('a job ends with the last of its parts, even when an earlier one fails', async (t) => {
  for (const [outcome, property, expected] of [
    [{ type: 'lost' }, 'code', /^LSTM_ERR_WORKER_LOST$/],
    [{ type: 'fault', stack: 'Error: of another thread\n    at there' }, 'stack', /of another thread\n {4}at there/]
  ] as const) {
    const { part, stepper } = wide()
    const given: number[] = []
    const sharing = sharingOf(stepper, (id) => given.push(id))
    let over = false
    const running = sharing.run(part).finally(() => {
      over = true
    })
    const error = running.then(
      () => undefined,
      (reason) => reason
    )
    t.equal(given.length, 2, 'one part stays')
    sharing.ended(given[0], outcome)
    for (let i = 0; i < 50; i++) await new Promise(setImmediate)
    t.notOk(over, 'another worker still writes to the memory')
    sharing.ended(given[1], { type: 'computed', ms: 1, executions: 1 })
    t.match((await error)[property], expected)
  }
})

t.test('a job takes as long as its longest part, and the executions of all', async (t) => {
  const { part, stepper } = wide()
  const sharing = sharingOf(stepper, (id) => sharing.ended(id, { type: 'computed', ms: 1e6 + id, executions: 0.25 }))
  t.strictSame(await sharing.run(part), { ms: 1e6 + 1, executions: 1.5 })
})

/** A worker that keeps what is posted to it. */
function member(load: number, ready = true): Member & { readonly posted: ToWorker[] } {
  const posted: ToWorker[] = []
  return { load, ready, posted, post: (message: ToWorker) => posted.push(message) } as never
}

t.test('a part goes to a worker that has nothing to do, else back to its owner', async (t) => {
  const { part } = wide()
  const [owner, busy, idle] = [member(9), member(5), member(0)]
  const parts = new SharedParts()
  parts.give(owner, 7, part, [owner, busy, member(0, false), idle])
  t.match(idle.posted, [{ type: 'part', id: 0 }])
  t.equal(idle.load, part.passes[0].run.x.byteLength)
  parts.give(owner, 8, part, [owner, busy, idle])
  t.match(owner.posted, [{ type: 'part', id: 1 }])

  parts.ended(0, { type: 'computed', ms: 3, executions: 1 })
  t.equal(idle.load, 0)
  t.strictSame(owner.posted.at(-1), { type: 'part-ended', id: 7, outcome: { type: 'computed', ms: 3, executions: 1 } })
  parts.ended(1, { type: 'computed', ms: 4, executions: 1 })
  t.equal(owner.load, 9)
})

t.test('a place goes to a worker that has nothing to do and helps nobody, else back', async (t) => {
  const [owner, busy, first, second] = [member(9), member(5), member(0), member(0)]
  const members = [owner, busy, member(0, false), first, second]
  const parts = new SharedParts()
  const place = { place: 1, words: new Float32Array(0), passes: [] }
  for (const id of [3, 4, 5]) parts.offer(owner, id, place, members)
  t.match(first.posted, [{ type: 'help', id: 0 }])
  t.match(second.posted, [{ type: 'help', id: 1 }])
  t.equal(first.load, 0, 'it is free for whatever comes')
  t.strictSame(owner.posted, [{ type: 'part-ended', id: 5, outcome: { type: 'stopped' } }])
  parts.ended(0, { type: 'computed', ms: 0, executions: 0 })
  parts.offer(owner, 6, place, members)
  t.match(first.posted.at(-1), { type: 'help', id: 2 })
  parts.forget(second, () => {})
  t.strictSame(owner.posted.at(-1), { type: 'part-ended', id: 4, outcome: { type: 'lost' } })
})

t.test('parts of a worker that ended are lost, and what it gave away matters to nobody', async (t) => {
  const { part } = wide()
  const [owner, idle] = [member(1), member(0)]
  const parts = new SharedParts()
  parts.give(owner, 1, part, [owner, idle])
  let unused = 0
  const onUnused = () => {
    unused++
  }
  parts.forget(idle, onUnused)
  t.equal(unused, 1, 'nobody is in its memory')
  t.strictSame(owner.posted, [{ type: 'part-ended', id: 1, outcome: { type: 'lost' } }])

  idle.load = 0
  parts.give(owner, 2, part, [owner, idle])
  parts.forget(owner, onUnused)
  t.equal(unused, 1, 'another worker still is in the memory of this one')
  parts.ended(1, { type: 'computed', ms: 1, executions: 1 })
  t.equal(unused, 2)
  t.equal(idle.load, 0)
  t.equal(owner.posted.length, 1, 'nothing more is said to it')
})
