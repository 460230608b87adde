import { setTimeout } from 'node:timers/promises'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { bytesOfBlock, StateMemory } from '../../src/sequences/state-memory.ts'
import { type Reached, type SequenceLimits, SequenceTable } from '../../src/sequences/table.ts'

const roomy: SequenceLimits = { maxSequences: 100, maxSequenceBytes: 10_000, sequenceIdleMs: 60_000 }
const key = (id: string | number, model = 'p') =>
  ({ model, type: typeof id === 'number' ? 'number' : 'text', id: String(id) }) as const
const go = { start: false, end: false }
const start = { start: true, end: false }
const end = { start: false, end: true }

/** An inference that appends a byte to what it goes on from; it notes what it saw. */
const append =
  (byte: number, seen: number[][] = [], wait?: Promise<unknown>) =>
  async (from: Reached | undefined): Promise<Reached> => {
    const before = [...(from?.state ?? [])]
    seen.push(before)
    await wait
    return { m: 1, state: Uint8Array.from([...before, byte]) }
  }
const fail = async (): Promise<Reached> => {
  throw new Error('made to fail')
}

function tableFor(t: Test, limits: Partial<SequenceLimits> = {}): SequenceTable {
  const table = new SequenceTable({ ...roomy, ...limits })
  t.teardown(() => table.close())
  return table
}

t.test('flags, as Triton has them', async (t) => {
  const missing = {
    code: 'LSTM_ERR_SEQUENCE_START',
    message:
      /^inference request for sequence ID to model 'p' must specify the START flag on the first request of the sequence/
  }
  for (const [name, steps, states] of [
    ['start, go on, end', [start, go, end], [[], [1], [1, 2]]],
    ['all in one', [{ start: true, end: true }], [[]]],
    ['start on a live one begins anew', [start, go, start, go], [[], [1], [], [3]]],
    ['start again behind the end', [start, end, start], [[], [1], []]]
  ] as const) {
    const table = tableFor(t)
    const seen: number[][] = []
    for (const [i, flags] of steps.entries()) await table.step(key(7), flags, append(i + 1, seen))
    t.strictSame(seen, states, name)
    t.equal(table.size, steps.at(-1)!.end ? 0 : 1, name)
  }
  const table = tableFor(t)
  for (const flags of [go, end]) await t.rejects(table.step(key(7), flags, append(1)), missing)
  await table.step(key(7), start, append(1))
  for (const other of [key('7'), key(8), key(7, 'q')]) {
    await t.rejects(table.step(other, go, append(1)), { code: 'LSTM_ERR_SEQUENCE_START' })
  }
  await table.step(key(7), end, append(2))
  await t.rejects(table.step(key(7), go, append(3)), missing)
  t.equal(table.bytes, 0)
})

t.test('a request that fails leaves all as it was', async (t) => {
  const table = tableFor(t)
  await t.rejects(table.step(key(1), start, fail), /made to fail/)
  t.equal(table.size, 0)
  await table.step(key(1), start, append(1))
  for (const flags of [start, go, end]) await t.rejects(table.step(key(1), flags, fail))
  const seen: number[][] = []
  await table.step(key(1), go, append(2, seen))
  t.strictSame(seen, [[1]])
})

t.test('requests of one id run in their order, others at the same time', async (t) => {
  const table = tableFor(t)
  const seen: number[][] = []
  const waits = Array.from({ length: 50 }, () => setTimeout(Math.random() * 3))
  let others = 0
  const one = waits.map((wait, i) => table.step(key(1), i === 0 ? start : go, append(i, seen, wait)))
  await table.step(key(2), start, append(1)).then(() => others++)
  t.ok(seen.length < 50 && others === 1, 'another id does not wait')
  await Promise.all(one)
  t.strictSame(
    seen,
    Array.from({ length: 50 }, (_, i) => Array.from({ length: i }, (_, j) => j))
  )
})

t.test('one that goes away while it waits does not break the chain', async (t) => {
  const table = tableFor(t)
  const seen: number[][] = []
  let leave = (_: Error) => {}
  let left = 0
  const first = table.step(key(1), start, append(1, seen, setTimeout(5)))
  const second = table.step(key(1), go, append(2, seen), (gone) => {
    leave = gone
    return () => left++
  })
  const third = table.step(key(1), go, append(3, seen), () => () => left++)
  leave(new Error('gone'))
  await t.rejects(second, /gone/)
  leave(new Error('again'))
  await Promise.all([first, third])
  t.strictSame(seen, [[], [1]])
  t.equal(left, 2)
})

t.test('an idle sequence expires, and the next request is told so', async (t) => {
  const table = tableFor(t, { sequenceIdleMs: 30 })
  await table.step(key('old'), start, append(1))
  const busy = table.step(key('busy'), start, append(1))
  await busy
  const long = table.step(key('busy'), go, append(2, [], setTimeout(120)))
  await setTimeout(80)
  t.equal(table.size, 1, 'one with a request under way stays')
  t.equal(table.expired, 1)
  await long
  t.equal([...table.of('p')].length, 1)
  for (const flags of [go, end]) {
    await t.rejects(table.step(key('old'), flags, append(1)), {
      code: 'LSTM_ERR_SEQUENCE_EXPIRED',
      message: /sequence "old" of model 'p' expired at 20\d\d-[^ ]+Z, 30 ms \(LSTM_SEQUENCE_IDLE_MS\)/
    })
  }
  await table.step(key('old'), start, append(1))
  await table.step(key('old'), end, append(1))
  await t.rejects(table.step(key('old'), go, append(1)), { code: 'LSTM_ERR_SEQUENCE_START' })
})

t.test('no more than the limits allow, and nothing that is there is pushed out', async (t) => {
  const table = tableFor(t, { maxSequences: 2, maxSequenceBytes: 5 })
  const starting = table.step(key(1), start, append(1, [], setTimeout(5)))
  await table.step(key(2), start, append(1))
  const full = {
    code: 'LSTM_ERR_SEQUENCES_FULL',
    status: 429,
    message: /more than 2, the limit set by LSTM_MAX_SEQUENCES:/
  }
  await t.rejects(table.step(key(3), start, append(1)), full)
  await t.rejects(table.place(key(3), { m: 1, state: new Uint8Array(1) }), full)
  await starting
  await table.step(key(3), { start: true, end: true }, append(1))
  await table.step(key(1), start, append(1))
  for (const id of [1, 1, 2]) await table.step(key(id), go, append(2))
  const message = /more than 5, the limit set by LSTM_MAX_SEQUENCE_BYTES:/
  await t.rejects(table.step(key(2), go, append(3)), { code: 'LSTM_ERR_SEQUENCES_FULL', message })
  t.strictSame([table.size, table.bytes, table.refused], [2, 5, 3])
  await table.step(key(1), end, append(1))
  const seen: number[][] = []
  await table.step(key(2), go, append(3, seen))
  t.strictSame(seen, [[1, 2]])
  t.strictSame([table.size, table.bytes], [1, 3])
})

t.test('a block of memory is its owner alone', async () => {
  const lengths = [1, 24, 1048, 40_000, 100_000]
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(4), fc.nat(100), fc.boolean()), { maxLength: 300 }), (moves) => {
      const memory = new StateMemory()
      const taken: { block: ReturnType<StateMemory['take']>; mark: number }[] = []
      for (const [i, [size, which, gives]] of moves.entries()) {
        if (gives && taken.length > 0) {
          const [{ block, mark }] = taken.splice(which % taken.length, 1)
          if (bytesOfBlock(block).some((byte) => byte !== mark)) return false
          memory.give(block)
        } else {
          const block = memory.take(lengths[size])
          bytesOfBlock(block).fill(i % 256)
          taken.push({ block, mark: i % 256 })
        }
      }
      const held = taken.reduce((sum, { block }) => sum + block.length, 0)
      return (
        memory.bytes === held && taken.every(({ block, mark }) => bytesOfBlock(block).every((byte) => byte === mark))
      )
    }),
    { numRuns: 50 }
  )
})
