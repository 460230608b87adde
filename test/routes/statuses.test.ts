import { createHash } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import { LstmError } from '../../src/errors.ts'
import { operations } from '../api-document.ts'
import { type Answer, type Service, startService } from '../service.ts'
import { randomSet } from '../tensors.ts'

/** How each documented status of each operation comes about. `ask` holds every answer against the document. */
type Scenario = (service: Service) => Promise<Answer>

const set = randomSet(1, 1, 1, 1)
const cell = { parameters: 'p', xt: [[1]] }
const sequence = { parameters: 'p', x: [[[1]]] }
const text = { 'content-type': 'text/plain' }
const large = JSON.stringify({ ...cell, xt: [new Array(5000).fill(0.5)] })

const fault = async (): Promise<never> => {
  throw new Error('made to fail')
}

/** The pool fails, as it does when an operation meets a bug. */
const whenFaulty =
  (scenario: Scenario): Scenario =>
  (service) => {
    Object.assign(service.app.pool, { run: fault, infer: fault })
    return scenario(service)
  }

/** The pool finds no time. */
const whenLate =
  (scenario: Scenario): Scenario =>
  (service) => {
    const late = async (): Promise<never> => {
      throw new LstmError('LSTM_ERR_DEADLINE', [1])
    }
    Object.assign(service.app.pool, { run: late, infer: late })
    return scenario(service)
  }

/** The store fails. */
const whenStoreFaulty =
  (scenario: Scenario): Scenario =>
  (service) => {
    const broken = () => {
      throw new Error('made to fail')
    }
    Object.assign(service.app.store, { get: broken, list: broken })
    return scenario(service)
  }

/** The workers are gone. */
const whenClosed =
  (scenario: Scenario): Scenario =>
  async (service) => {
    await service.app.pool.close()
    return scenario(service)
  }

/** The disk has no room. */
const whenDiskFull =
  (scenario: Scenario): Scenario =>
  (service) => {
    const keep = (name: string) => ({ name, created: '', aside: '/dev/full' })
    Object.assign(service.app.store.folder!, { keep, drop: async () => {} })
    return scenario(service)
  }

/** More than once, where the rate limit lets one request through. */
const again =
  (scenario: Scenario): Scenario =>
  async (service) => {
    await scenario(service)
    return scenario(service)
  }

/** What every operation with a scope may answer: no key, a key for something else, too often. */
const guarded = (scenario: (headers: Record<string, string>) => Scenario): Record<string, Scenario> => ({
  401: scenario({}),
  403: scenario({ authorization: 'Bearer none' }),
  429: again(scenario({}))
})

const keyLine = (key: string, scope: string) => `${key} ${scope} ${createHash('sha256').update(key).digest('hex')}\n`
/** Keys that allow nothing but the metrics, and everything but those. */
const keys = keyLine('none', 'metrics') + keyLine('other', 'infer')

const limits = { maxBodyBytes: 10_000, maxParametersBytes: 10_000 }

const post =
  (url: string, body: unknown, headers: Record<string, string> = {}): Scenario =>
  ({ ask }) =>
    ask({ url, body, headers })
const put =
  (body: unknown, headers: Record<string, string> = {}, name = 'p'): Scenario =>
  ({ ask }) =>
    ask({ method: 'PUT', url: `/parameters/${name}`, body, headers })
const get =
  (url: string, headers: Record<string, string> = {}): Scenario =>
  ({ ask }) =>
    ask({ method: 'GET', url, headers })
const remove =
  (url: string, headers: Record<string, string> = {}): Scenario =>
  ({ ask }) =>
    ask({ method: 'DELETE', url, headers })

const inference = (url: string, good: unknown): Record<string, Scenario> => ({
  ...guarded((headers) => post(url, good, headers)),
  200: post(url, good),
  400: post(url, {}),
  404: post(url, { ...(good as object), parameters: 'none' }),
  413: post(url, large),
  415: post(url, 'x', text),
  500: whenFaulty(post(url, good)),
  503: whenClosed(post(url, good)),
  504: whenLate(post(url, good))
})

const v2Input = (values: number) => ({
  inputs: [{ name: 'x', shape: [1, 1, values], datatype: 'FP32', data: new Array(values).fill(0.5) }]
})

/** The infer routes. @param path behind the name of a set, from its version */
const v2Inference = (path: (version: string) => string): Record<string, Scenario> => {
  const ask =
    (body: unknown, headers: Record<string, string> = {}, name = 'p'): Scenario =>
    (service) =>
      post(`/v2/models/${name}/${path(service.app.store.get('p')!.set.version)}`, body, headers)(service)
  const good = v2Input(1)
  return {
    ...guarded((headers) => ask(good, headers)),
    200: ask(good),
    400: ask({}),
    404: ask(good, {}, 'none'),
    413: ask(v2Input(5000)),
    500: whenFaulty(ask(good)),
    503: whenClosed(ask(good)),
    504: whenLate(ask(good))
  }
}

const etagOf = async ({ ask }: Service, path = ''): Promise<string> =>
  (await ask({ method: 'GET', url: `/parameters/p${path}` })).headers.etag

const scenarios: Record<string, Record<string, Scenario>> = {
  cell: inference('/cell', cell),
  sequence: inference('/sequence', sequence),
  listParameterSets: {
    ...guarded((headers) => get('/parameters', headers)),
    200: get('/parameters'),
    500: whenStoreFaulty(get('/parameters'))
  },
  putParameterSet: {
    ...guarded((headers) => put(set, headers)),
    200: put(set),
    201: put(set, {}, 'new'),
    400: put({}),
    412: put(set, { 'if-none-match': '*' }),
    413: put(large),
    415: put('x', text),
    500: whenFaulty(put(set)),
    503: whenClosed(put(set)),
    507: whenDiskFull(put(set))
  },
  describeParameterSet: {
    ...guarded((headers) => get('/parameters/p', headers)),
    200: get('/parameters/p'),
    304: async (service) => get('/parameters/p', { 'if-none-match': await etagOf(service) })(service),
    400: get('/parameters/-'),
    404: get('/parameters/none'),
    500: whenStoreFaulty(get('/parameters/p'))
  },
  getWeights: {
    ...guarded((headers) => get('/parameters/p/weights', headers)),
    200: get('/parameters/p/weights'),
    304: async (service) =>
      get('/parameters/p/weights', { 'if-none-match': await etagOf(service, '/weights') })(service),
    400: get('/parameters/p/weights?encoding=hex'),
    404: get('/parameters/none/weights'),
    406: get('/parameters/p/weights', { accept: 'text/html' }),
    500: whenFaulty(get('/parameters/p/weights')),
    503: whenClosed(get('/parameters/p/weights'))
  },
  deleteParameterSet: {
    ...guarded((headers) => remove('/parameters/p', headers)),
    204: remove('/parameters/p'),
    400: remove('/parameters/-'),
    404: remove('/parameters/none'),
    412: remove('/parameters/p', { 'if-match': '"other"' }),
    500: whenStoreFaulty(remove('/parameters/p'))
  },
  metrics: {
    ...guarded((headers) => get('/metrics', headers)),
    200: get('/metrics'),
    403: get('/metrics', { 'x-api-key': 'other' }),
    500: whenStoreFaulty(get('/metrics'))
  },
  live: { 200: get('/health/live') },
  ready: { 200: get('/health/ready'), 503: whenClosed(get('/health/ready')) },
  v2Metadata: { 200: get('/v2') },
  v2Live: { 200: get('/v2/health/live') },
  v2Infer: v2Inference(() => 'infer'),
  v2InferVersion: v2Inference((version) => `versions/${version}/infer`),
  v2Ready: { 200: get('/v2/health/ready'), 503: whenClosed(get('/v2/health/ready')) }
}

for (const { method, path, operation } of operations) {
  const { operationId, responses } = operation
  t.test(`${method} ${path}`, async (t) => {
    const ofOperation = scenarios[operationId] ?? {}
    t.strictSame(
      Object.keys(ofOperation).sort(),
      Object.keys(responses).sort(),
      'a scenario for each documented status'
    )
    const folder = t.testdir({ keys })
    const apiKeysFile = join(folder, 'keys')
    const shared = await startService(t, limits)
    for (const [status, scenario] of Object.entries(ofOperation)) {
      // faults and the end of the workers cannot be undone
      const own = {
        401: { apiKeysFile },
        403: { apiKeysFile },
        429: { rateLimit: 1 },
        500: {},
        503: {},
        504: {},
        507: { dataDir: join(folder, 'data') }
      }[status]
      const service = own === undefined ? shared : await startService(t, { ...limits, ...own })
      await shared.ask({ method: 'PUT', url: '/parameters/p', body: set })
      if (service !== shared) {
        const loaded = await service.app.pool.run<'import'>({
          kind: 'import',
          body: [Buffer.from(JSON.stringify(set))]
        })
        service.app.store.adopt({ name: 'p', set: loaded, created: new Date() })
      }
      const answer = await scenario(service)
      t.equal(answer.status, Number(status), status)
      if (answer.status >= 400 && answer.headers['content-type'].startsWith('application/problem')) {
        t.equal(answer.json.status, answer.status)
        t.equal(answer.json.request_id, answer.headers['x-request-id'])
      }
      if (answer.status === 429) t.match(answer.headers['retry-after'], /^[1-9]\d*$/)
      if (answer.status === 500) t.notMatch(answer.json.detail, /made to fail/, 'a fault is for the log')
    }
  })
}

t.test('where nothing may be under way, everything that computes is too much', async (t) => {
  const { ask } = await startService(t, { maxPending: 0 })
  for (const [method, url, body] of [
    ['POST', '/cell', cell],
    ['POST', '/sequence', sequence],
    ['PUT', '/parameters/p', set]
  ] as const) {
    const { status, json, headers } = await ask({ method, url, body })
    t.equal(status, 429, url)
    t.equal(json.code, 'LSTM_ERR_OVERLOADED')
    t.equal(headers['retry-after'], '1')
  }
})

t.test('paths and methods that are not there', async (t) => {
  const { app } = await startService(t)
  const nowhere = await app.inject({ method: 'GET', url: '/nowhere?x=1' })
  t.equal(nowhere.statusCode, 404)
  t.match(nowhere.json(), { code: 'LSTM_ERR_NOT_FOUND', detail: 'there is no GET /nowhere; /docs shows what there is' })
  const method = await app.inject({ method: 'GET', url: '/cell' })
  t.equal(method.statusCode, 405)
  t.equal(method.headers.allow, 'POST')
  const patch = await app.inject({ method: 'PATCH', url: '/parameters/x' })
  t.equal(patch.statusCode, 405)
  t.match(patch.json().detail, '/parameters/x does not take PATCH; it takes PUT, GET, HEAD, DELETE')
})

t.test("a client's own request id comes back, a strange one does not", async (t) => {
  const { app } = await startService(t)
  const ask = (id: string) => app.inject({ method: 'GET', url: '/health/live', headers: { 'x-request-id': id } })
  t.equal((await ask('mine-1')).headers['x-request-id'], 'mine-1')
  t.match((await ask('a b')).headers['x-request-id'], /^[0-9a-f-]{36}$/)
  t.match((await ask('x'.repeat(129))).headers['x-request-id'], /^[0-9a-f-]{36}$/)
})
