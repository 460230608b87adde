import t from 'tap'
import { Pool } from '../../src/engine/pool.ts'
import { SetRegistry } from '../../src/engine/registry.ts'
import { SharedHeap } from '../../src/kernels/memory.ts'
import { random, randomSet } from '../tensors.ts'

const bytes = (body: unknown) => [Buffer.from(JSON.stringify(body))]

t.test('the memory of sets, states and inline arrays all comes back', async (t) => {
  const pool = await Pool.start({
    workers: 2,
    kernel: 'wasm',
    maxPending: 100,
    maxPendingBytes: 1e9,
    limits: { maxJobValues: 1e7, maxJsonDepth: 32, maxInflatedBytes: 1e6, maxRunningValues: 1e8 },
    onFault: (reason, details) => t.fail(`${reason}: ${details}`)
  })
  t.teardown(() => pool.close())
  const put = async (seed: number) =>
    pool.publish('p', await pool.run<'import'>({ kind: 'import', body: bytes(randomSet(seed, 16, 64, 8)) }))
  const sequence = (parameters: unknown, x: unknown, more: object = {}) =>
    pool.infer('sequence', bytes({ parameters, x, ...more }))

  await put(0)
  const { memory } = pool.sharedKernel as { memory: WebAssembly.Memory }
  const heap = new SharedHeap(memory)
  const before = heap.usedBytes
  for (let round = 1; round <= 30; round++) {
    const x = random(round, [16, 3, 20])
    const running = [
      sequence('p', x, { outputs: ['caches'] }),
      sequence(randomSet(round, 16, 5, 2), x),
      sequence('p', x, { lengths: [1, 9, 5] })
    ]
    await put(round) // replaced while they run
    await Promise.all(running)
    await t.rejects(sequence('p', random(1, [15, 1, 1])), { code: 'LSTM_ERR_SHAPE_MISMATCH' })
    await t.rejects(sequence({ ...randomSet(1, 16, 5, 2), by: [[1]] }, x), { code: 'LSTM_ERR_SHAPE_MISMATCH' })
  }
  // the last releases are still on their way to the workers when the last answer is here
  for (let i = 0; i < 100 && heap.usedBytes > before; i++) await new Promise((resolve) => setTimeout(resolve, 10))
  t.equal(heap.usedBytes, before, 'what 30 rounds took has come back')

  pool.withdraw('p')
  for (let i = 0; i < 100 && heap.usedBytes >= before; i++) await new Promise((resolve) => setTimeout(resolve, 10))
  t.ok(heap.usedBytes <= before - 4 * 4 * 64 * 80, 'a withdrawn set gives its weights back')
})

t.test('a set that was withdrawn and kept can be published again, and its memory comes back in the end', async (t) => {
  const pool = await Pool.start({
    workers: 2,
    kernel: 'wasm',
    maxPending: 100,
    maxPendingBytes: 1e9,
    limits: { maxJobValues: 1e7, maxJsonDepth: 32, maxInflatedBytes: 1e6, maxRunningValues: 1e8 },
    onFault: (reason, details) => t.fail(`${reason}: ${details}`)
  })
  t.teardown(() => pool.close())
  const heap = new SharedHeap((pool.sharedKernel as { memory: WebAssembly.Memory }).memory)
  const read = (seed: number) => pool.run<'import'>({ kind: 'import', body: bytes(randomSet(seed, 16, 64, 8)) })
  const x = random(1, [16, 3, 2000])
  const infer = () => pool.infer('sequence', bytes({ parameters: 'p', x, outputs: ['a_last'] }))
  const settled = async (wanted: (used: number) => boolean) => {
    for (let i = 0; i < 100 && !wanted(heap.usedBytes); i++) await new Promise((resolve) => setTimeout(resolve, 10))
    return heap.usedBytes
  }
  const weights = 4 * 4 * 64 * 80

  const first = await read(1)
  pool.publish('p', first)
  const expected = (await infer()).bytes.slice()
  const before = heap.usedBytes
  for (let round = 0; round < 3; round++) {
    const running = [infer(), infer()] // begun on the set before it is withdrawn
    pool.withdraw('p', true)
    await t.rejects(infer(), { code: 'LSTM_ERR_PARAMETER_SET_NOT_FOUND' })
    pool.publish('p', first)
    for (const { bytes } of await Promise.all([...running, infer()])) t.ok(Buffer.from(expected).equals(bytes))
  }
  const running = infer()
  pool.withdraw('p', true)
  pool.publish('p', first)
  pool.publish('p', await read(2)) // while requests of the first time may still be under way
  t.ok(Buffer.from(expected).equals((await running).bytes))
  t.equal(await settled((used) => used === before), before, 'one set is left')
  pool.withdraw('p', true)
  t.ok((await settled((used) => used <= before - weights)) > before - weights, 'kept')
  const second = await read(3)
  pool.publish('p', second)
  pool.withdraw('p', true)
  pool.drop(second)
  t.equal(await settled((used) => used === before), before, 'dropped')
})

t.test('a set is idle when it is replaced and nobody holds it', async (t) => {
  const idle: number[] = []
  const set = (version: string) => ({ version }) as never
  const registry = new SetRegistry(new Map([['p', { handle: 1, set: set('one') }]]), (handle) => idle.push(handle))
  const [first, second] = [registry.hold('p')!, registry.hold('p')!]
  registry.publish('p', { handle: 2, set: set('two') })
  t.equal(registry.hold('p')!.set.version, 'two')
  t.equal(first.set.version, 'one')
  first.letGo()
  t.strictSame(idle, [])
  second.letGo()
  t.strictSame(idle, [1])
  registry.withdraw('p')
  t.strictSame(idle, [1], 'it is still held')
  registry.withdraw('p')
  t.equal(registry.hold('p'), undefined)
  registry.publish('q', { handle: 3, set: set('three') })
  registry.withdraw('q')
  t.strictSame(idle, [1, 3])
})
