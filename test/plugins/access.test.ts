import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Service, startService } from '../service.ts'
import { randomSet } from '../tensors.ts'

const line = (id: string, scopes: string, key: string) =>
  `${id} ${scopes} ${createHash('sha256').update(key).digest('hex')}\n`

const set = randomSet(1, 1, 1, 1)
const body = { parameters: set, xt: [[1]] }

async function start(t: Test): Promise<Service & { file: string }> {
  const file = join(t.testdir(), 'keys')
  writeFileSync(file, line('web', 'infer', 'w') + line('ops', 'manage', 'o') + line('scraper', 'metrics', 's'))
  return { ...(await startService(t, { apiKeysFile: file })), file }
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

t.test('nobody gets in without a key that fits', async (t) => {
  const { ask } = await start(t)
  const statuses = async (headers: Record<string, string>) => ({
    cell: (await ask({ url: '/cell', body, headers })).status,
    sequence: (await ask({ url: '/sequence', body: { parameters: set, x: [[[1]]] }, headers })).status,
    put: (await ask({ method: 'PUT', url: '/parameters/p', body: set, headers })).status,
    list: (await ask({ method: 'GET', url: '/parameters', headers })).status,
    describe: (await ask({ method: 'GET', url: '/parameters/p', headers })).status,
    weights: (await ask({ method: 'GET', url: '/parameters/p/weights', headers })).status,
    delete: (await ask({ method: 'DELETE', url: '/parameters/p', headers })).status,
    live: (await ask({ method: 'GET', url: '/health/live', headers })).status,
    ready: (await ask({ method: 'GET', url: '/health/ready', headers })).status
  })
  const all = (status: number) => ({
    ...Object.fromEntries(
      ['cell', 'sequence', 'put', 'list', 'describe', 'weights', 'delete'].map((name) => [name, status])
    ),
    live: 200,
    ready: 200
  })
  t.strictSame(await statuses({}), all(401))
  t.strictSame(await statuses(bearer('x')), all(401))
  t.strictSame(await statuses({ authorization: 'Basic w' }), all(401))
  t.strictSame(await statuses({ authorization: 'Bearer', 'x-api-key': 'w' }), all(401), 'one header decides')
  t.strictSame(await statuses(bearer('s')), all(403))
  const ofWeb = { cell: 200, sequence: 200, put: 403, list: 200, describe: 404, weights: 403, delete: 403 }
  t.strictSame(await statuses(bearer('w')), { ...ofWeb, live: 200, ready: 200 })
  t.strictSame(await statuses({ 'x-api-key': 'w' }), { ...ofWeb, live: 200, ready: 200 })
  const ofOps = { cell: 403, sequence: 403, put: 201, list: 200, describe: 200, weights: 200, delete: 204 }
  t.strictSame(await statuses({ authorization: 'bearer o' }), { ...ofOps, live: 200, ready: 200 })
})

t.test('a refusal says what to do', async (t) => {
  const { ask } = await start(t)
  const none = await ask({ url: '/cell', body })
  t.equal(none.headers['www-authenticate'], 'Bearer realm="lstm-serve"')
  t.match(none.json, { code: 'LSTM_ERR_UNAUTHORIZED', detail: /no API key came .* "Authorization: Bearer KEY"/ })
  const wrong = await ask({ url: '/cell', body, headers: bearer('secret') })
  t.match(wrong.json.detail, /the API key is not known/)
  t.notMatch(wrong.bytes.toString(), 'secret')
  const narrow = await ask({ url: '/cell', body, headers: bearer('o') })
  t.match(narrow.json, {
    code: 'LSTM_ERR_FORBIDDEN',
    detail: 'the key ops has the scope manage; this needs the scope infer'
  })
})

t.test('keys are read again when the file changes; a wrong file changes nothing', async (t) => {
  const { app, ask, file } = await start(t)
  const status = async (key: string) => (await ask({ url: '/cell', body, headers: bearer(key) })).status
  const errors: unknown[] = []
  app.log.error = (...args: unknown[]) => void errors.push(args)
  writeFileSync(file, 'nonsense')
  while (errors.length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  t.match(JSON.stringify(errors), /line 1: expected/)
  t.equal(await status('w'), 200)
  writeFileSync(file, line('web', 'infer', 'new'))
  while ((await status('new')) !== 200) await new Promise((resolve) => setTimeout(resolve, 20))
  t.equal(await status('w'), 401)
})

t.test('a file that is not there or wrong is a start that fails', async (t) => {
  await t.rejects(startService(t, { apiKeysFile: '/none' }), { message: /^LSTM_API_KEYS_FILE \/none: ENOENT/ })
})

t.test('the API document says which operations need a key, and only when keys are on', async (t) => {
  const { app } = await start(t)
  await app.ready()
  const { components, paths } = app.swagger() as unknown as {
    components: { securitySchemes: object }
    paths: Record<string, Record<string, { security?: object[] }>>
  }
  t.match(components.securitySchemes, { bearer: { scheme: 'bearer' }, apiKey: { name: 'X-API-Key' } })
  t.strictSame(paths['/cell'].post.security, [{ bearer: [] }, { apiKey: [] }])
  t.equal(paths['/health/live'].get.security, undefined)
  t.equal((await app.inject('/openapi.json')).statusCode, 200)
  t.match((await app.inject('/docs/')).statusCode, 200)
  const { app: open } = await startService(t)
  await open.ready()
  t.notMatch(JSON.stringify(open.swagger()), /securitySchemes|"security"/)
})
