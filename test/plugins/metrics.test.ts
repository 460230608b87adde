import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { operations } from '../api-document.ts'
import { type Service, startService } from '../service.ts'
import { random, randomSet } from '../tensors.ts'

type Sample = { readonly name: string; readonly labels: Record<string, string>; readonly value: number }

/** GET /metrics, read as Prometheus reads it: every line is a comment or a sample. */
async function scrape({ app }: Service): Promise<Sample[]> {
  const answer = await app.inject('/metrics')
  const lines = answer.body.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return lines.map((line) => {
    const [, name, pairs = '', value] = /^([a-z_0-9]+)(?:\{(.*)\})? (\S+)$/i.exec(line)!
    const labels = [...pairs.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, text]) => [key, text])
    return { name, labels: Object.fromEntries(labels), value: Number(value) }
  })
}

const sampled = (samples: readonly Sample[], name: string, labels: Record<string, string> = {}): number | undefined =>
  samples.find((each) => each.name === name && Object.entries(labels).every(([key, text]) => each.labels[key] === text))
    ?.value

const set = randomSet(1, 3, 5, 2)

t.test('requests are counted by route and status, refusals by code', async (t) => {
  const service = await startService(t, { maxBodyBytes: 3000 })
  const { ask } = service
  await ask({ method: 'PUT', url: '/parameters/p', body: set })
  for (let i = 0; i < 3; i++) await ask({ url: '/cell', body: { parameters: 'p', xt: random(i, [3, 1]) } })
  await ask({ url: '/sequence', body: { parameters: 'none', x: [[[1]]] } })
  await ask({ url: '/sequence', body: { parameters: 'p', x: random(1, [3, 5, 100]) } })
  await service.app.inject('/nowhere')
  const samples = await scrape(service)
  t.equal(sampled(samples, 'lstm_requests_total', { route: 'cell', status: '200' }), 3)
  t.equal(sampled(samples, 'lstm_requests_total', { route: 'putParameterSet', status: '201' }), 1)
  t.equal(sampled(samples, 'lstm_requests_total', { route: 'sequence', status: '404' }), 1)
  t.equal(sampled(samples, 'lstm_requests_total', { route: 'other', status: '404' }), 1)
  t.equal(sampled(samples, 'lstm_refused_total', { code: 'LSTM_ERR_BODY_TOO_LARGE' }), 1)
  t.equal(sampled(samples, 'lstm_refused_total', { code: 'LSTM_ERR_PARAMETER_SET_NOT_FOUND' }), undefined)
  t.equal(sampled(samples, 'lstm_request_seconds_count', { route: 'cell' }), 3)
  for (const phase of ['decode', 'queue', 'compute', 'encode']) {
    t.equal(sampled(samples, `lstm_${phase}_seconds_count`, { route: 'cell' }), 3)
  }
  t.equal(sampled(samples, 'lstm_decode_seconds_count', { route: 'listParameterSets' }), undefined)
})

t.test('histograms are cumulative, and end with as many as were counted', async (t) => {
  const service = await startService(t)
  for (let i = 1; i <= 20; i++) {
    await service.ask({ url: '/sequence', body: { parameters: set, x: random(i, [3, i, 4]) } })
  }
  const samples = await scrape(service)
  const histograms = new Set(
    samples.flatMap(({ name }) => (name.startsWith('lstm') && name.endsWith('_bucket') ? [name.slice(0, -7)] : []))
  )
  t.strictSame([...histograms].sort(), [
    'lstm_compute_seconds',
    'lstm_decode_seconds',
    'lstm_encode_seconds',
    'lstm_queue_seconds',
    'lstm_request_seconds',
    'lstm_tick_rows'
  ])
  for (const histogram of histograms) {
    const last = new Map<string, { le: number; value: number }>()
    for (const {
      name,
      labels: { le, ...labels },
      value
    } of samples) {
      if (name !== `${histogram}_bucket`) continue
      const key = JSON.stringify(labels)
      const before = last.get(key) ?? { le: Number.NEGATIVE_INFINITY, value: 0 }
      const bound = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le)
      t.ok(bound > before.le && value >= before.value, `${name} ${key} ${le}`)
      last.set(key, { le: bound, value })
    }
    for (const [key, { le, value }] of last) {
      t.equal(le, Number.POSITIVE_INFINITY)
      t.equal(value, sampled(samples, `${histogram}_count`, JSON.parse(key)))
    }
  }
  const rows = samples.filter(({ name }) => name === 'lstm_tick_rows_sum').reduce((sum, { value }) => sum + value, 0)
  t.ok(rows >= 210, `${rows} rows: each of 1 to 20 columns was moved at least once`)
})

t.test('the engine, the sets and the build are shown', async (t) => {
  const service = await startService(t)
  await service.ask({ method: 'PUT', url: '/parameters/p', body: set })
  const samples = await scrape(service)
  const { json } = await service.ask({ method: 'GET', url: '/parameters/p' })
  t.equal(sampled(samples, 'lstm_workers'), 2)
  t.equal(sampled(samples, 'lstm_worker_restarts_total'), 0)
  t.equal(sampled(samples, 'lstm_operations_pending'), 0)
  t.equal(sampled(samples, 'lstm_requests_in_flight'), 1, 'the scrape itself')
  t.equal(sampled(samples, 'lstm_parameter_sets'), 1)
  t.equal(sampled(samples, 'lstm_parameter_set_bytes', { name: 'p' }), json.bytes)
  t.equal(sampled(samples, 'lstm_build_info', { kernel: service.app.pool.kernel, node: process.version }), 1)
  for (const worker of ['0', '1']) {
    const ratio = sampled(samples, 'lstm_worker_busy_ratio', { worker })!
    t.ok(ratio >= 0 && ratio <= 1, `worker ${worker} is busy for ${ratio}`)
  }
  t.type(sampled(samples, 'nodejs_eventloop_lag_p99_seconds'), 'number')
})

t.test('whatever comes, there are only so many label values', async (t) => {
  const service = await startService(t, { workers: 1 })
  const { app, ask } = service
  for (let i = 0; i < 200; i++) await app.inject({ method: i % 2 ? 'GET' : 'POST', url: `/${i}/x` })
  for (let i = 0; i < 104; i++) {
    await ask({ method: 'PUT', url: `/parameters/set-${i}`, body: randomSet(i, 1, i < 4 ? 1 : 8, 1) })
  }
  const samples = await scrape(service)
  const routes = new Set(samples.map(({ labels }) => labels.route))
  const known = [...operations.map(({ operation }) => operation.operationId), 'other', undefined]
  t.strictSame(
    [...routes].filter((route) => !known.includes(route)),
    [],
    'the operations, and one for all else'
  )
  const sets = samples.filter(({ name }) => name === 'lstm_parameter_set_bytes')
  t.equal(sets.length, 101)
  const small = (await ask({ method: 'GET', url: '/parameters/set-0' })).json.bytes
  t.equal(sampled(samples, 'lstm_parameter_set_bytes', { name: '(others)' }), 4 * small)
})

t.test('a client that goes away is in flight no more', async (t) => {
  const { app } = await startService(t)
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  const socket = connect(Number(port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write('POST /cell HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{')
  const until = async (count: number) => {
    while (app.requestCounts.inFlight !== count) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await until(1)
  socket.destroy()
  await until(0)
  t.pass()
})
