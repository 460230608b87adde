import type { Worker } from 'node:worker_threads'
import t, { type Test } from 'tap'
import type { Answer } from '../../src/engine/messages.ts'
import { Pool } from '../../src/engine/pool.ts'
import type { PoolOptions } from '../../src/engine/pool-options.ts'
import { SharedHeap } from '../../src/kernels/memory.ts'
import { nativeMissing } from '../kernels/kernels.ts'
import { random, randomSet } from '../tensors.ts'

const bytes = (body: unknown) => [Buffer.from(JSON.stringify(body))]
const cell = (parameters: unknown, x = 1) => bytes({ parameters, xt: [[x]] })
const text = ({ bytes, free }: Answer) => {
  const document = JSON.parse(Buffer.from(bytes).toString('utf8'))
  free()
  return document
}
const set = randomSet(1, 1, 1, 1)

async function startPool(t: Test, options: Partial<PoolOptions> = {}): Promise<{ pool: Pool; faults: string[] }> {
  const faults: string[] = []
  const pool = await Pool.start({
    workers: 2,
    kernel: 'auto',
    maxPending: 100,
    maxPendingBytes: 1e9,
    limits: { maxJobValues: 1e6, maxJsonDepth: 32, maxInflatedBytes: 1e6, maxRunningValues: 1e8 },
    onFault: (reason, details) => faults.push(`${reason}: ${details}`),
    ...options
  })
  t.teardown(() => pool.close())
  return { pool, faults }
}
t.test('moves a body to a worker and the answer back', async (t) => {
  const { pool } = await startPool(t)
  t.equal(pool.kernel, nativeMissing ? 'wasm' : 'native')
  t.equal(pool.workers, 2)
  const answer = await pool.infer('cell', cell(set))
  t.strictSame(Object.keys(text(answer)), ['parameters', 'a_next', 'c_next', 'yt_pred'])
  for (const part of ['decode', 'compute', 'encode'] as const) t.ok(answer.timing[part] > 0, `${part} took time`)
})

t.test('gives the same bits here and on a worker, and the same errors', async (t) => {
  const { pool: here } = await startPool(t)
  const { pool: there } = await startPool(t, { inline: false })
  for (const pool of [here, there]) pool.publish('p', await pool.run<'import'>({ kind: 'import', body: bytes(set) }))
  for (let i = 0; i < 40; i++) {
    const [one, two] = await Promise.all([here, there].map((pool) => pool.infer('cell', cell('p', i / 7)).then(text)))
    t.strictSame(one, two)
  }
  for (const pool of [here, there]) {
    await t.rejects(pool.infer('cell', cell('q')), { code: 'LSTM_ERR_PARAMETER_SET_NOT_FOUND', args: ['q'] })
    t.equal(pool.pending, 0)
  }
  const before = here.infer('cell', cell('p'))
  here.withdraw('p')
  await t.rejects(here.infer('cell', cell('p')), { code: 'LSTM_ERR_PARAMETER_SET_NOT_FOUND' })
  t.equal(text(await before).parameters.name, 'p', 'what had begun is finished')
})

t.test("a client's error keeps its code, arguments and places", async (t) => {
  const { pool, faults } = await startPool(t)
  await t.rejects(pool.infer('cell', cell('none')), {
    name: 'LstmError',
    code: 'LSTM_ERR_PARAMETER_SET_NOT_FOUND',
    status: 404,
    args: ['none'],
    issues: [{ path: '/parameters' }]
  })
  t.strictSame(faults, [])
})

t.test('a set is there for every operation after publish, and gone after withdraw', async (t) => {
  const { pool } = await startPool(t)
  for (let i = 0; i < 20; i++) {
    const now = await pool.run<'import'>({ kind: 'import', body: bytes(randomSet(i % 2, 1, 1, 1)) })
    pool.publish('p', now)
    const answers = await Promise.all([1, 2, 3, 4].map((x) => pool.infer('cell', cell('p', x))))
    for (const answer of answers) t.equal(text(answer).parameters.version, now.version)
  }
  const before = pool.infer('cell', cell('p'))
  pool.withdraw('p')
  const after = t.rejects(pool.infer('cell', cell('p')), { code: 'LSTM_ERR_PARAMETER_SET_NOT_FOUND' })
  t.equal(text(await before).parameters.name, 'p', 'what had begun is finished')
  await after
})

t.test('bodies and answers of every size, more at once than there are slots', async (t) => {
  const limits = { maxJobValues: 1e7, maxJsonDepth: 32, maxInflatedBytes: 1e6, maxRunningValues: 1e8 }
  const { pool } = await startPool(t, { maxPending: 2000, limits })
  pool.publish('p', await pool.run<'import'>({ kind: 'import', body: bytes(set) }))
  const ask = (columns: number, pieces: number) => {
    const whole = bytes({ parameters: 'p', xt: [new Array(columns).fill(0.5)], outputs: ['ft'] })[0]
    const body = Array.from({ length: pieces }, (_, i) =>
      whole.subarray(Math.floor((i * whole.length) / pieces), Math.floor(((i + 1) * whole.length) / pieces))
    )
    return pool.infer('cell', body)
  }
  const sizes = [1, 100, 3000, 4000, 5000, 16_000, 130_000, 200_000]
  const expected = text(await ask(1, 1)).ft[0][0]
  const answers = await Promise.all(
    Array.from({ length: 1300 }, (_, i) => ask(i < sizes.length ? sizes[i] : 1 + (i % 50), 1 + (i % 3)))
  )
  for (const [i, answer] of answers.entries()) {
    const { ft } = text(answer) // frees it: slots came free only now
    const columns = i < sizes.length ? sizes[i] : 1 + (i % 50)
    if (ft[0].length !== columns || ft[0].some((value: number) => value !== expected)) t.fail(`answer ${i}`)
  }
  t.equal(text(await ask(2, 1)).ft[0].length, 2)
})

t.test('refuses more than may be under way', async (t) => {
  const { pool } = await startPool(t, { maxPending: 3 })
  const running = [1, 2, 3].map((x) => pool.infer('cell', cell(set, x)))
  t.equal(pool.pending, 3)
  await t.rejects(pool.infer('cell', cell(set)), { code: 'LSTM_ERR_OVERLOADED', status: 429 })
  await Promise.all(running)
  t.equal(pool.pending, 0)
  await pool.infer('cell', cell(set))
})

t.test('a bug in an operation is told to the log and not to the client', async (t) => {
  const { pool, faults } = await startPool(t)
  const broken = { kind: 'export', set: {} as never, format: 'json', encoding: 'nested' } as const
  await t.rejects(pool.run<'export'>(broken), { code: 'LSTM_ERR_INTERNAL', status: 500 })
  t.equal(faults.length, 2, 'it was run a second time')
  t.match(faults[0], /an operation failed: TypeError/)
  t.equal(pool.workers, 2)
})

const mortal = { inline: false, workerUrl: new URL('./mortal-worker.js', import.meta.url) }
const obey = (pool: Pool, command: string) => pool.infer('cell', [Buffer.from(command)])

t.test('a worker that ends is replaced, and the new one has every set', async (t) => {
  const { pool, faults } = await startPool(t, { workers: 1, ...mortal })
  pool.publish('p', { version: 'v' } as never)
  for (const end of ['exit', 'throw']) {
    const before = pool.restarts.count
    const failing = t.rejects(obey(pool, end), { code: 'LSTM_ERR_WORKER_LOST', status: 503 })
    const others = [1, 2, 3].map(() => obey(pool, 'sets'))
    await failing
    t.strictSame(pool.restarts.count - before, 1, 'it was run once more, on the next worker')
    for (const other of others) t.strictSame(text(await other), ['p'], 'the others are answered')
    t.strictSame(text(await obey(pool, 'sets')), ['p'])
  }
  t.equal(faults.length, 2)
  t.match(faults[0], /a worker failed: Error: made to fail/)
})

t.test('requests that end their worker fail alone, however many come', async (t) => {
  const { pool } = await startPool(t, { workers: 2, ...mortal })
  const answers: Promise<unknown>[] = []
  const failures: Promise<unknown>[] = []
  for (let i = 0; i < 60; i++) {
    if (i % 20 === 10) failures.push(t.rejects(obey(pool, 'exit'), { code: 'LSTM_ERR_WORKER_LOST' }))
    else answers.push(obey(pool, 'sets'))
    if (i % 7 === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  t.equal((await Promise.all(answers)).length, 57)
  await Promise.all(failures)
  t.equal(pool.pending, 0)
})

t.test('the memory of a worker that was killed at work comes back, and its requests are answered', async (t) => {
  const workers: Worker[] = []
  const seen = (worker: Worker) => void workers.push(worker)
  process.on('worker', seen)
  t.teardown(() => process.removeListener('worker', seen))
  const { pool } = await startPool(t, {
    limits: { maxJobValues: 1e7, maxJsonDepth: 32, maxInflatedBytes: 1e6, maxRunningValues: 1e8 }
  })
  const { memory } = pool.sharedKernel as { memory: WebAssembly.Memory }
  const heap = new SharedHeap(memory)
  pool.publish('p', await pool.runOnWorker<'import'>({ kind: 'import', body: bytes(randomSet(1, 8, 64, 4)) }))
  const sequence = bytes({ parameters: 'p', x: random(1, [8, 4, 300]), outputs: ['a_last'] })
  const expected = text(await pool.infer('sequence', sequence))
  const before = heap.usedBytes
  for (let round = 0; round < 10; round++) {
    const answers = Array.from({ length: 6 }, () => pool.infer('sequence', sequence))
    await new Promise((resolve) => setTimeout(resolve, round))
    await workers.at(-1)!.terminate()
    for (const answer of await Promise.all(answers)) t.strictSame(text(answer), expected)
    while (pool.workers < 2) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  t.equal(pool.restarts.count, 10)
  t.equal(heap.usedBytes, before)
})

t.test('workers that never get ready are a start that fails', async (t) => {
  const start = startPool(t, { workerUrl: new URL('./none.js', import.meta.url) })
  await t.rejects(start, { code: 'LSTM_ERR_WORKER_LOST' })
})

t.test('a wide job on several workers gives the same bits as its columns alone', async (t) => {
  const { pool } = await startPool(t, {
    workers: 3,
    limits: { maxJobValues: 1e7, maxJsonDepth: 32, maxInflatedBytes: 1e6, maxRunningValues: 1e8 }
  })
  pool.publish('p', await pool.run<'import'>({ kind: 'import', body: bytes(randomSet(1, 64, 96, 3)) }))
  const columns = 40
  const x = random(2, [columns, 60, 64]) as unknown[]
  const lengths = Array.from({ length: columns }, (_, i) => 60 - (i % 7))
  const ask = async (x: unknown, lengths: number[]) => {
    const body = bytes({ parameters: 'p', layout: 'batch_first', x, lengths, outputs: ['a', 'y', 'ft', 'c_last'] })
    return text(await pool.infer('sequence', body))
  }
  const wide = await ask(x, lengths)
  for (const column of [0, 1, 7, 8, 20, 39]) {
    const alone = await ask([x[column]], [lengths[column]])
    for (const name of ['a', 'y', 'ft', 'c_last']) t.strictSame(wide[name][column], alone[name][0], `${name} ${column}`)
  }
})

t.test('a closed pool takes nothing', async (t) => {
  const { pool } = await startPool(t)
  await pool.close()
  t.equal(pool.workers, 0)
  await t.rejects(pool.infer('cell', cell(set)), { code: 'LSTM_ERR_SHUTTING_DOWN', status: 503 })
})
