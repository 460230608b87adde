import t from 'tap'
import { binaryInput, inferBody } from '../../infer-message.ts'
import { startService } from '../../service.ts'
import { randomSet } from '../../tensors.ts'

const url = '/v2/models/p/infer'

const message = (T_x: number, timeout: unknown) => ({
  inputs: [binaryInput('x', [1, 1, T_x], new Float32Array(T_x).fill(0.5))],
  outputs: [{ name: 'y_last' }],
  parameters: { timeout }
})

t.test('time that is enough, or none, changes nothing', async (t) => {
  const { ask } = await startService(t)
  await ask({ method: 'PUT', url: '/parameters/p', body: randomSet(1, 1, 3, 2) })
  for (const timeout of [0, 60_000_000, Number.MAX_SAFE_INTEGER]) {
    t.equal((await ask({ url, ...inferBody(message(5, timeout)) })).status, 200, String(timeout))
  }
  for (const timeout of [-1, 0.5, '1000', null, [1]]) {
    const { status, json } = await ask({ url, ...inferBody(message(5, timeout)) })
    t.equal(status, 400)
    t.match(json.error, '/parameters/timeout')
  }
})

t.test('time that is over before the work begins', async (t) => {
  const { ask } = await startService(t)
  await ask({ method: 'PUT', url: '/parameters/p', body: randomSet(1, 1, 3, 2) })
  const { status, json } = await ask({ url, ...inferBody(message(5, 1)) })
  t.equal(status, 504)
  t.match(json, { code: 'LSTM_ERR_DEADLINE', error: /^no answer within 0.001 ms .*parameter timeout/ })
})

t.test('work that takes longer is stopped, and its memory given back', async (t) => {
  // some minutes of work for this kernel
  const { ask, app } = await startService(t, { kernel: 'reference' })
  await ask({ method: 'PUT', url: '/parameters/p', body: randomSet(1, 1, 128, 1) })
  const long = inferBody(message(100_000, 300_000))
  const answers = await Promise.all([1, 2, 3].map(() => ask({ url, ...long })))
  for (const { status, json } of answers) {
    t.equal(status, 504)
    t.match(json, { code: 'LSTM_ERR_DEADLINE', error: /^no answer within 300 ms/ })
  }
  t.equal(app.pool.pending, 0)
  t.equal((await ask({ url, ...inferBody(message(5, 60_000_000)) })).status, 200)
})

t.test('it runs while a request waits for its turn in a sequence, which goes on without it', async (t) => {
  const { ask, app } = await startService(t, { kernel: 'reference' })
  await ask({ method: 'PUT', url: '/parameters/p', body: randomSet(1, 1, 48, 1) })
  const over: string[] = []
  const step = async (name: string, T_x: number, parameters: object) => {
    const { status, json } = await ask({
      url,
      ...inferBody({ ...message(T_x, 0), parameters: { sequence_id: 7, ...parameters } })
    })
    over.push(name)
    return { status, json }
  }
  const [first, late, last] = await Promise.all([
    step('first', 8_000, { sequence_start: true }),
    step('late', 5, { timeout: 20_000 }),
    step('last', 5, { timeout: 600_000_000 })
  ])
  t.strictSame(over, ['late', 'first', 'last'])
  t.equal(first.status, 200)
  t.equal(late.status, 504)
  t.match(late.json, { code: 'LSTM_ERR_DEADLINE', error: /^no answer within 20 ms/ })
  t.equal(last.status, 200)
  t.equal((await ask({ method: 'GET', url: '/v2/models/p/sequences/7' })).json.steps, 8_005, 'of the others alone')
  t.equal(app.pool.pending, 0)
})
