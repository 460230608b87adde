import t from 'tap'
import { binaryInput, inferBody } from '../../infer-message.ts'
import { startService } from '../../service.ts'
import { random, randomSet } from '../../tensors.ts'

t.test('inferences are counted under their model, those that fail too', async (t) => {
  const { ask } = await startService(t)
  for (const name of ['p', 'q']) await ask({ method: 'PUT', url: `/parameters/${name}`, body: randomSet(1, 2, 3, 2) })
  const infer = (n_x: number, m: number) => {
    const x = random(1, [n_x * m * 4]) as number[]
    return ask({ url: '/v2/models/p/infer', ...inferBody({ inputs: [binaryInput('x', [n_x, m, 4], x)] }) })
  }
  const before = Date.now()
  for (const m of [1, 5, 5]) t.equal((await infer(2, m)).status, 200)
  t.equal((await infer(3, 1)).status, 400)
  t.equal((await ask({ url: '/v2/models/none/infer', body: {} })).status, 404)
  const { json } = await ask({ method: 'GET', url: '/v2/models/stats' })
  const [p, q] = json.model_stats
  t.match(p, {
    name: 'p',
    inference_count: 11,
    inference_stats: {
      success: { count: 3 },
      fail: { count: 1 },
      queue: { count: 3 },
      compute_input: { count: 3 },
      compute_infer: { count: 3 },
      compute_output: { count: 3 },
      cache_hit: { count: 0, ns: 0 },
      cache_miss: { count: 0, ns: 0 }
    }
  })
  t.ok(p.last_inference >= before && p.last_inference <= Date.now())
  t.ok(p.execution_count >= 1)
  t.ok(p.inference_stats.success.ns > 0 && p.inference_stats.fail.ns > 0)
  t.strictSame(
    p.batch_stats.map((each: { batch_size: number; compute_infer: { count: number } }) => [
      each.batch_size,
      each.compute_infer.count
    ]),
    [
      [1, 1],
      [5, 2]
    ]
  )
  t.match(q, { name: 'q', last_inference: 0, inference_count: 0, execution_count: 0, batch_stats: [] })
})
