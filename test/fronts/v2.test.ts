import t from 'tap'
import { loadDescriptors } from '../../src/fronts/descriptors.ts'
import { flatten, random, randomSet } from '../tensors.ts'
import { startThreads, until } from './threads.ts'

/** The Open Inference Protocol's inferences over connections of different threads. */

if (loadDescriptors() === undefined) {
  t.pass('without the native binary one thread takes requests')
  process.exit(0)
}

const path = '/v2/models/p/infer'

/** x is (T_x, 1, n_x). */
function inference(x: unknown[], parameters: object = {}) {
  const shape = [x.length, 1, (x as unknown[][][])[0][0].length]
  return {
    parameters: { layout: 'time_first', ...parameters },
    inputs: [{ name: 'x', datatype: 'FP32', shape, data: flatten(x) }],
    outputs: [{ name: 'a' }, { name: 'c' }]
  }
}

t.test('each thread answers by itself, with the same bytes, and all count', async (t) => {
  const { app, lines } = await startThreads(t, 2)
  const [main, front] = await lines()
  const put = await main.ask({ method: 'PUT', path: '/parameters/p', body: randomSet(1, 3, 8, 4) })
  const { version } = JSON.parse(put.text)
  const x = random(1, [6, 1, 3]) as unknown[]
  const versioned = `/v2/models/p/versions/${version}/infer`
  for (const body of [inference(x), inference(x, { binary_data_output: true }), { id: 'a"b', ...inference(x) }]) {
    for (const where of [path, versioned]) {
      const [here, there] = await Promise.all([main, front].map((line) => line.ask({ path: where, body })))
      t.equal(here.status, 200)
      t.strictSame([there.status, there.text], [here.status, here.text])
      t.match(there.headers, { 'lstm-kernel': app.pool.kernel, 'server-timing': /compute/ })
      t.equal(there.headers['inference-header-content-length'], here.headers['inference-header-content-length'])
    }
  }
  for (const [where, body, status] of [
    ['/v2/models/none/infer', inference(x), 404],
    ['/v2/models/p/versions/1/infer', inference(x), 404],
    ['/v2/models/%70/infer', inference(x), 200],
    ['/v2/models/a%2Fb/infer', inference(x), 404],
    [path, { inputs: [] }, 400],
    [path, inference(random(1, [6, 1, 4]) as unknown[]), 400],
    [path, '{', 400]
  ] as const) {
    const headers = { 'x-request-id': 'same' }
    const sent = { path: where, body: typeof body === 'string' ? Buffer.from(body) : body, headers }
    const [here, there] = await Promise.all([main, front].map((line) => line.ask(sent)))
    t.equal(here.status, status, where)
    t.strictSame([there.status, there.text], [here.status, here.text])
  }
  const of = (operation: string) => app.requestCounts.of(operation).statuses.flatMap(([, count]) => count)
  t.strictSame(
    [...of('v2Infer'), ...of('v2InferVersion')],
    [4, 3, 2, 3, 1],
    'the main thread has answered its half alone'
  )
  t.equal((await front.ask({ path, body: inference(x), headers: { 'x-request-timeout-ms': 'soon' } })).status, 400)

  const stats = async () => {
    const { text } = await main.ask({ method: 'GET', path: '/v2/models/p/stats' })
    const { inference_count, inference_stats } = JSON.parse(text).model_stats[0]
    return [inference_count, inference_stats.success.count, inference_stats.fail.count]
  }
  const [count, success, fail] = await stats()
  t.strictSame([count, success], [14, 14])
  t.ok(fail >= 5, `${fail} have failed`)
})

t.test('a sequence goes on over whichever connection its requests come', async (t) => {
  const { app, lines } = await startThreads(t, 3)
  const all = await lines()
  await all[0].ask({ method: 'PUT', path: '/parameters/p', body: randomSet(1, 3, 8, 4) })
  const x = random(1, [12, 1, 3]) as unknown[]
  const whole = JSON.parse((await all[0].ask({ path, body: inference(x) })).text)
  const pieces: number[][] = [[], []]
  for (const [i, step] of x.entries()) {
    const flags = { sequence_id: 7, sequence_start: i === 0, sequence_end: i === x.length - 1 }
    const answer = await all[(i * 2) % 3].ask({ path, body: inference([step], flags) })
    t.equal(answer.status, 200, answer.text)
    for (const [k, { data }] of JSON.parse(answer.text).outputs.entries()) pieces[k].push(...data)
  }
  t.strictSame(pieces, [whole.outputs[0].data, whole.outputs[1].data])
  t.equal(app.sequences.size, 0)
  const [, front] = all
  const missing = await front.ask({ path, body: inference(x, { sequence_id: 8 }) })
  t.strictSame([missing.status, /must specify the START flag/.test(missing.text)], [400, true])
  const unknown = await front.ask({
    path: '/v2/models/none/infer',
    body: inference(x, { sequence_id: 8, sequence_start: true })
  })
  t.equal(unknown.status, 404)
})

t.test('who waits for its turn in a sequence has its deadline, and may leave', async (t) => {
  const { app, lines, socket } = await startThreads(t, 2)
  const [main, front] = await lines()
  await main.ask({ method: 'PUT', path: '/parameters/p', body: randomSet(2, 2, 300, 2) })
  const first = main.ask({
    path,
    body: {
      parameters: { layout: 'time_first', sequence_id: 1, sequence_start: true },
      inputs: [{ name: 'x', datatype: 'FP32', shape: [4000, 4, 2], data: new Array(32_000).fill(0.5) }],
      outputs: [{ name: 'a_last' }]
    }
  })
  await until(() => app.pool.pending > 0)
  const next = (more: object = {}) => inference([[[1, 1]]], { sequence_id: 1, ...more })
  const late = await front.ask({ path, body: next(), headers: { 'x-request-timeout-ms': '5' } })
  t.strictSame([late.status, JSON.parse(late.text).code], [504, 'LSTM_ERR_DEADLINE'])
  const itself = await front.ask({ path, body: next({ timeout: 5000 }) })
  t.strictSame([itself.status, JSON.parse(itself.text).code], [504, 'LSTM_ERR_DEADLINE'])

  front.close()
  await until(() => app.fronts.connections[1] === 0)
  const leaving = await socket()
  await until(() => app.fronts.connections[1] === 1)
  const body = JSON.stringify(next())
  leaving.write(`POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
  await new Promise((resolve) => setTimeout(resolve, 20))
  leaving.destroy()
  t.equal((await first).status, 200)
  await until(() => app.pool.pending === 0)
  const { text } = await main.ask({ method: 'GET', path: '/v2/models/p/sequences' })
  t.match(JSON.parse(text).sequences, [{ id: '1', steps: 4000 }], 'those that have left have moved nothing')
})
