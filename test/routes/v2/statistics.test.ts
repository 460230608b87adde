import t from 'tap'
import { startService } from '../../service.ts'
import { flatten, random, randomSet } from '../../tensors.ts'

/** The statistics of models, as load testers read them. */

const members = [
  'success',
  'fail',
  'queue',
  'compute_input',
  'compute_infer',
  'compute_output',
  'cache_hit',
  'cache_miss'
]

const message = (n_x: number, m: number, T_x: number) => ({
  inputs: [{ name: 'x', shape: [n_x, m, T_x], datatype: 'FP32', data: flatten(random(m, [n_x, m, T_x])) }]
})

t.test('every member is there before anything was asked', async (t) => {
  const { ask } = await startService(t)
  t.strictSame((await ask({ method: 'GET', url: '/v2/models/stats' })).json, { model_stats: [] })
  await ask({ method: 'PUT', url: '/parameters/b', body: randomSet(1, 1, 1, 1) })
  await ask({ method: 'PUT', url: '/parameters/a', body: randomSet(2, 1, 1, 1) })
  const { model_stats } = (await ask({ method: 'GET', url: '/v2/models/stats?x=y' })).json
  t.match(model_stats, [{ name: 'a' }, { name: 'b' }])
  const one = (await ask({ method: 'GET', url: '/v2/models/b/stats' })).json.model_stats
  t.strictSame(one, model_stats.slice(1))
  t.match(one, [{ last_inference: 0, inference_count: 0, execution_count: 0, batch_stats: [] }])
  t.strictSame(Object.keys(one[0].inference_stats), members)
  for (const name of members) t.strictSame(one[0].inference_stats[name], { count: 0, ns: 0 })
})

t.test('answers and failures are counted for their model alone, columns as inferences', async (t) => {
  const { ask } = await startService(t)
  for (const name of ['a', 'b']) await ask({ method: 'PUT', url: `/parameters/${name}`, body: randomSet(1, 3, 8, 2) })
  const begun = Date.now()
  for (const m of [1, 4, 4]) {
    t.equal((await ask({ url: '/v2/models/a/infer', body: message(3, m, 5) })).status, 200)
  }
  t.equal((await ask({ url: '/v2/models/a/infer', body: message(2, 1, 1) })).status, 400)
  t.equal((await ask({ url: '/v2/models/none/infer', body: message(3, 1, 1) })).status, 404)
  const [a, b] = (await ask({ method: 'GET', url: '/v2/models/stats' })).json.model_stats
  t.equal(b.inference_stats.success.count + b.inference_stats.fail.count, 0)
  t.match(a, { inference_count: 9, execution_count: 3 })
  t.ok(a.last_inference >= begun && a.last_inference <= Date.now())
  const { success, fail, queue, compute_input, compute_infer, compute_output } = a.inference_stats
  t.equal(fail.count, 1)
  t.ok(fail.ns > 0)
  for (const { count } of [success, queue, compute_input, compute_infer, compute_output]) t.equal(count, 3)
  const parts = queue.ns + compute_input.ns + compute_infer.ns + compute_output.ns
  t.ok(Math.abs(success.ns - parts) < 10, 'the parts are the whole, but for rounding')
  t.match(a.batch_stats, [
    { batch_size: 1, compute_infer: { count: 1 } },
    { batch_size: 4, compute_infer: { count: 2 } }
  ])
  const ofSizes = a.batch_stats.reduce((sum: number, each: typeof a) => sum + each.compute_infer.ns, 0)
  t.ok(Math.abs(ofSizes - compute_infer.ns) < 10)
})

t.test('a stream is one inference, and one that fails a failure', async (t) => {
  const { ask } = await startService(t)
  await ask({ method: 'PUT', url: '/parameters/a', body: randomSet(1, 3, 8, 2) })
  const body = { ...message(3, 2, 10), parameters: { stream_steps: 4 } }
  t.equal((await ask({ url: '/v2/models/a/infer_stream', body })).status, 200)
  t.equal((await ask({ url: '/v2/models/a/infer_stream', body: message(2, 1, 1) })).status, 400)
  const [a] = (await ask({ method: 'GET', url: '/v2/models/a/stats' })).json.model_stats
  t.match(a, { inference_count: 2, execution_count: 1, inference_stats: { success: { count: 1 }, fail: { count: 1 } } })
})

t.test('requests that ran together show as fewer executions than inferences', async (t) => {
  const { app, ask } = await startService(t, { workers: 1 })
  await ask({ method: 'PUT', url: '/parameters/p', body: randomSet(1, 8, 64, 2) })
  const bodies = Array.from({ length: 16 }, () =>
    app.inject({ method: 'POST', url: '/v2/models/p/infer', payload: message(8, 1, 400) })
  )
  for (const { statusCode } of await Promise.all(bodies)) t.equal(statusCode, 200)
  const { json } = await ask({ method: 'GET', url: '/v2/models/p/stats' })
  const [{ inference_count, execution_count }] = json.model_stats
  t.equal(inference_count, 16)
  t.ok(execution_count >= 1 && execution_count < 16, `${execution_count} executions`)
})

t.test('a set that replaces another begins anew, and a deleted one is gone', async (t) => {
  const { ask } = await startService(t)
  const put = (seed: number) => ask({ method: 'PUT', url: '/parameters/p', body: randomSet(seed, 3, 4, 2) })
  const counted = async () =>
    (await ask({ method: 'GET', url: '/v2/models/p/stats' })).json.model_stats[0].inference_count
  await put(1)
  await ask({ url: '/v2/models/p/infer', body: message(3, 2, 2) })
  t.equal(await counted(), 2)
  await put(2)
  t.equal(await counted(), 0)
  await ask({ url: '/v2/models/p/infer', body: message(3, 2, 2) })
  await ask({ url: '/v2/repository/models/p/unload' })
  t.equal((await ask({ method: 'GET', url: '/v2/models/p/stats' })).status, 404)
  await ask({ url: '/v2/repository/models/p/load' })
  t.equal(await counted(), 0)
  await ask({ method: 'DELETE', url: '/parameters/p' })
  t.strictSame((await ask({ method: 'GET', url: '/v2/models/stats' })).json, { model_stats: [] })
})
