import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import t, { type Test } from 'tap'
import { Admission } from '../../src/engine/admission.ts'
import { Background, type BackgroundOptions } from '../../src/engine/background.ts'
import { Intakes } from '../../src/engine/intakes.ts'
import type { Member, MemberEvents } from '../../src/engine/member.ts'
import type { ToWorker } from '../../src/engine/messages.ts'
import { Pool } from '../../src/engine/pool.ts'
import { PublishedSets } from '../../src/engine/published-sets.ts'
import { writeNpz } from '../../src/parameters/files/npz.ts'
import { nativeMissing } from '../kernels/kernels.ts'

/** The npz of a set of about 4·n_a² numbers. */
function file(n_a: number, factor = 1): Uint8Array<ArrayBuffer> {
  const array = (rows: number, columns: number) => ({
    shape: [rows, columns],
    data: Float32Array.from({ length: rows * columns }, (_, i) => (((i * 31) % 101) - 50) * factor)
  })
  const gates = ['f', 'i', 'c', 'o'].flatMap((gate): [string, ReturnType<typeof array>][] => [
    [`W${gate}`, array(n_a, n_a + 3)],
    [`b${gate}`, array(n_a, 1)]
  ])
  return writeNpz([...gates, ['Wy', array(2, n_a)], ['by', array(2, 1)]])
}

async function startPool(t: Test) {
  const workers: Worker[] = []
  const seen = (worker: Worker) => void workers.push(worker)
  process.on('worker', seen)
  t.teardown(() => process.removeListener('worker', seen))
  const faults: string[] = []
  const pool = await Pool.start({
    workers: 1,
    kernel: nativeMissing ? 'wasm' : 'auto',
    maxPending: 100,
    maxPendingBytes: 1e9,
    limits: { maxJobValues: 1e7, maxJsonDepth: 32, maxInflatedBytes: 1e8, maxRunningValues: 1e8 },
    onFault: (reason, details) => faults.push(`${reason}: ${details}`)
  })
  t.teardown(() => pool.close())
  // Node tells of a thread a moment after it was made, and of its own too: only those count that come from now on
  await setTimeout(50)
  workers.length = 0
  return { pool, workers, faults }
}

function intakeOf(pool: Pool, bytes: Uint8Array, declared: number | undefined) {
  const intake = pool.background.intake(declared)
  for (let at = 0; at < bytes.length; at += 65_536) intake.add(bytes.slice(at, at + 65_536))
  return intake
}

t.test('what is large is imported and exported on a thread apart, with the same result', async (t) => {
  const { pool, workers, faults } = await startPool(t)
  const large = file(200)
  const onWorker = await pool.runOnWorker<'import'>({ kind: 'import', body: [Buffer.from(large)] })
  await pool.run<'import'>({ kind: 'import', body: [Buffer.from(file(10))] })
  t.equal(workers.length, 0, 'small sets need no other thread')

  const apart = await pool.run<'import'>({ kind: 'import', body: [Buffer.from(large)] })
  t.equal(workers.length, 1)
  t.equal(apart.version, onWorker.version)
  for (const declared of [large.length, undefined, large.length]) {
    const intake = intakeOf(pool, large, declared)
    t.equal(intake.length, large.length)
    t.equal((await pool.run<'import'>({ kind: 'import', body: intake })).version, apart.version, `${declared} declared`)
    intake.drop()
    intake.drop()
  }
  const json = { format: 'json', encoding: 'nested' } as const
  const exported = await pool.run<'export'>({ kind: 'export', set: apart, ...json })
  t.equal((await pool.run<'import'>({ kind: 'import', body: [exported] })).version, apart.version)
  t.equal(workers.length, 1, 'one thread for all')
  t.equal(pool.restarts.count, 0)

  const broken = file(200)
  broken[broken.length >> 1] ^= 1
  const damaged = intakeOf(pool, broken, broken.length)
  await t.rejects(pool.run<'import'>({ kind: 'import', body: damaged }), { code: 'LSTM_ERR_UNREADABLE_FILE' })
  damaged.drop()
  t.equal(pool.pending, 0)
  t.equal(pool.admission.secondsToIdle >= 0, true)
  t.strictSame(faults, [])
})

t.test('several at once are run one after the other', async (t) => {
  const { pool } = await startPool(t)
  const files = [0, 1, 2, 3].map((k) => file(150, 1 + k))
  const ends: number[] = []
  const sets = await Promise.all(
    files.map(async (each, k) => {
      const set = await pool.run<'import'>({ kind: 'import', body: [Buffer.from(each)] })
      ends.push(k)
      return set
    })
  )
  t.equal(new Set(sets.map(({ version }) => version)).size, 4)
  t.strictSame(ends, [0, 1, 2, 3])
})

t.test('the thread steps back, and no other one does', { skip: process.platform !== 'linux' }, async (t) => {
  const { pool } = await startPool(t)
  const niceness = () => {
    const threads = readdirSync('/proc/self/task').map((thread) => {
      const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8')
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])
    })
    const own = Math.min(...threads)
    return threads.filter((nice) => nice > own).length
  }
  t.equal(niceness(), 0)
  await pool.run<'import'>({ kind: 'import', body: [Buffer.from(file(200))] })
  t.equal(niceness(), 1)
})

t.test('a thread that ends is replaced, and what it had is run again where its body is still there', async (t) => {
  const { pool, workers } = await startPool(t)
  const large = file(500)
  const body = [Buffer.from(large)]
  const { version } = await pool.run<'import'>({ kind: 'import', body })
  const again = pool.run<'import'>({ kind: 'import', body })
  await workers.at(-1)!.terminate()
  t.equal((await again).version, version)
  t.equal(workers.length, 2)
  t.equal(pool.restarts.count, 1)

  const lost = intakeOf(pool, large, large.length)
  await workers.at(-1)!.terminate()
  await t.rejects(pool.run<'import'>({ kind: 'import', body: lost }), { code: 'LSTM_ERR_WORKER_LOST', status: 503 })
  lost.drop()
  const next = intakeOf(pool, large, large.length)
  t.equal((await pool.run<'import'>({ kind: 'import', body: next })).version, version)
  next.drop()
  t.equal(pool.pending, 0)
})

/** A background with a thread that does only what the test says. */
function fakeThread(options: Partial<BackgroundOptions> = {}) {
  const threads: { events: MemberEvents; posted: ToWorker[]; ended: boolean; member: Member }[] = []
  const faults: string[] = []
  const background = new Background({
    start: (events) => {
      const thread = {
        events,
        posted: [] as ToWorker[],
        ended: false,
        member: {
          post: (message: ToWorker) => void thread.posted.push(message),
          end: async () => {
            thread.ended = true
          }
        } as unknown as Member
      }
      threads.push(thread)
      return thread.member
    },
    admission: new Admission({ maxPending: 10, maxPendingBytes: 1e9 }),
    onResult: () => {},
    onFault: (reason) => faults.push(reason),
    onLost: () => {},
    ...options
  })
  return { background, threads, faults }
}

const operation = { kind: 'restore', path: '/none' } as const

t.test('the thread ends when nothing more comes, and not while a body arrives', async (t) => {
  const { background, threads } = fakeThread({ idleMs: 20 })
  const intake = background.intake(undefined)
  await setTimeout(60)
  t.notOk(threads[0].ended)
  intake.drop()
  await setTimeout(60)
  t.ok(threads[0].ended)
  const running = background.run(operation, 1)
  t.equal(threads.length, 2, 'the next one starts it again')
  const { events, member, posted } = threads[1]
  events.onMessage(member, { type: 'ready' })
  const [{ id }] = posted as { id: number }[]
  await setTimeout(60)
  t.notOk(threads[1].ended, 'it has something to do')
  events.onMessage(member, { type: 'done', id, result: new Uint8Array(1) })
  t.strictSame(await running, new Uint8Array(1))
  await background.close()
})

t.test('a fault is run a second time, and then told', async (t) => {
  const { background, threads, faults } = fakeThread()
  const running = t.rejects(background.run(operation, 1), { code: 'LSTM_ERR_INTERNAL' })
  const [{ events, member, posted }] = threads
  events.onMessage(member, { type: 'ready' })
  for (const k of [0, 1]) {
    const { id } = posted[k] as { id: number }
    events.onMessage(member, { type: 'fault', id, stack: 'at' })
  }
  await running
  t.equal(faults.length, 2)
  const never = [background.run(operation, 1), background.run(operation, 1)]
  const ends = never.map((each) => t.rejects(each, { code: 'LSTM_ERR_WORKER_LOST' }))
  await background.close()
  events.onExit(member)
  await Promise.all(ends)
})

t.test('a thread that ends twice with an operation ends it with 503', async (t) => {
  const { background, threads } = fakeThread()
  const running = t.rejects(background.run(operation, 1), { code: 'LSTM_ERR_WORKER_LOST' })
  for (const k of [0, 1]) {
    threads[k].events.onMessage(threads[k].member, { type: 'ready' })
    threads[k].events.onExit(threads[k].member)
  }
  await running
  t.equal(threads.length, 2)
})

t.test('the room of a body is used again by what fits into it', (t) => {
  const intakes = new Intakes()
  const put = (id: number, declared: number | undefined, ...pieces: number[][]) => {
    for (const piece of pieces) intakes.add(id, declared, [new Uint8Array(piece).buffer])
    return intakes.take(id)
  }
  const first = put(1, 6, [1, 2, 3, 4], [5, 6])
  t.strictSame([...first], [1, 2, 3, 4, 5, 6])
  const other = put(2, 3, [7, 8, 9])
  t.not(other.buffer, first.buffer, 'while it is read it is nobody else’s')
  intakes.giveBack(first)
  intakes.giveBack(other)
  const second = put(3, 4, [9, 8], [7, 6])
  t.equal(second.buffer, first.buffer)
  t.strictSame([...second], [9, 8, 7, 6])
  intakes.giveBack(second)
  t.strictSame([...put(4, 7, [1, 2, 3, 4, 5, 6, 7])], [1, 2, 3, 4, 5, 6, 7])
  t.strictSame([...put(5, undefined, [1], [2, 3])], [1, 2, 3])
  intakes.add(6, 1, [new ArrayBuffer(1)])
  intakes.drop(6)
  t.throws(() => intakes.take(6), /no body 6/)
  t.end()
})

t.test('a set that is replaced while it is exported is given back behind that', async (t) => {
  const unused: unknown[] = []
  const sets = new PublishedSets((set) => unused.push(set))
  const user = {}
  const set = { version: '1' } as never
  const { handle } = sets.put('p', set, [user])
  let end = () => {}
  const work = sets.during(
    new Promise<void>((resolve) => {
      end = resolve
    })
  )
  sets.retire('p', [user])
  sets.letGo(handle, user)
  t.strictSame(unused, [])
  end()
  await work
  t.strictSame(unused, [set])
})
