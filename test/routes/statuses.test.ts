import t from 'tap'
import { operations } from '../api-document.ts'
import { type Service, startService } from '../service.ts'
import { randomSet } from '../tensors.ts'
import {
  get,
  guarded,
  post,
  remove,
  type Scenario,
  whenClosed,
  whenDiskFull,
  whenFaulty,
  whenLate,
  whenStoreFaulty
} from './scenarios.ts'
import { testScenarios } from './test-scenarios.ts'
import { v2InferenceScenarios } from './v2/inference-scenarios.ts'
import { v2ModelScenarios } from './v2/model-scenarios.ts'

const set = randomSet(1, 1, 1, 1)
const cell = { parameters: 'p', xt: [[1]] }
const sequence = { parameters: 'p', x: [[[1]]] }
const text = { 'content-type': 'text/plain' }
const large = JSON.stringify({ ...cell, xt: [new Array(5000).fill(0.5)] })

const put =
  (body: unknown, headers: Record<string, string> = {}, name = 'p'): Scenario =>
  ({ ask }) =>
    ask({ method: 'PUT', url: `/parameters/${name}`, body, headers })

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
  v2Ready: { 200: get('/v2/health/ready'), 503: whenClosed(get('/v2/health/ready')) }
}

/** Those have files of their own. */
const elsewhere = { ...v2InferenceScenarios, ...v2ModelScenarios }

testScenarios(
  operations.filter(({ operation }) => !(operation.operationId in elsewhere)),
  scenarios
)

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
