import t from 'tap'
import { Pool } from '../../src/engine/pool.ts'
import { FrontPool } from '../../src/fronts/front-pool.ts'
import { random, randomSet } from '../tensors.ts'

const bytes = (body: unknown) => [Buffer.from(JSON.stringify(body))]

t.test('a guest of the pool has its sets and bounds, and what it runs can be stopped', async (t) => {
  const pool = await Pool.start({
    workers: 1,
    guests: 1,
    kernel: 'wasm',
    maxPending: 2,
    maxPendingBytes: 1e9,
    limits: { maxJobValues: 1e7, maxJsonDepth: 32, maxInflatedBytes: 1e6, maxRunningValues: 1e8 },
    onFault: (reason, details) => t.fail(`${reason}: ${details}`)
  })
  t.teardown(() => pool.close())
  let handedOver = 0
  const changes: Parameters<Parameters<typeof pool.guests.receive>[0]['post']>[0][] = []
  const guest = { post: (change: (typeof changes)[number]) => changes.push(change) }
  const front = new FrontPool(
    pool.guests.receive(guest, 0),
    (handle) => pool.guests.letGo(handle, guest),
    () => {
      for (const change of changes.splice(0)) {
        if (change.type === 'set') front.executor.sets.publish(change.name, change.published)
        else front.executor.sets.withdraw(change.name)
      }
    },
    {
      infer: (kind, body, options) => {
        handedOver++
        return pool.infer(kind, body, options)
      }
    }
  )
  const short = { parameters: 'p', x: random(1, [8, 1, 3]) }
  await t.rejects(front.infer('sequence', bytes(short)), { code: 'LSTM_ERR_PARAMETER_SET_NOT_FOUND' })
  pool.publish('p', await pool.run<'import'>({ kind: 'import', body: bytes(randomSet(1, 8, 64, 2)) }))
  const here = await front.infer('sequence', bytes(short))
  t.strictSame(Buffer.from(here.bytes), Buffer.from((await pool.infer('sequence', bytes(short))).bytes))

  // known by all threads once one of them has learned it
  t.equal(handedOver, 2)
  // on a busy machine it takes some until the last eight were short
  for (let before = -1; handedOver > before; ) {
    await pool.infer('sequence', bytes(short))
    before = handedOver
    await front.infer('sequence', bytes(short))
  }

  const long = bytes({
    parameters: 'p',
    x: { shape: [8, 1, 40_000], data: Buffer.alloc(32 * 40_000).toString('base64') }
  })
  await t.rejects(front.infer('sequence', long, { timeoutMs: 5 }), { code: 'LSTM_ERR_DEADLINE' })
  let stop = () => {}
  const gone = front.infer('sequence', long, { onStart: (call) => (stop = call) })
  const second = pool.infer('sequence', long)
  await t.rejects(pool.infer('sequence', bytes(short)), { code: 'LSTM_ERR_OVERLOADED' }, 'both threads count')
  await t.rejects(front.infer('sequence', bytes(short)), { code: 'LSTM_ERR_OVERLOADED' })
  stop()
  await t.rejects(gone, { code: 'LSTM_ERR_CLIENT_GONE' })
  await second
  pool.withdraw('p')
  await t.rejects(front.infer('sequence', bytes(short)), { code: 'LSTM_ERR_PARAMETER_SET_NOT_FOUND' })
  pool.guests.dismiss(guest)
})
