import t from 'tap'
import { version } from '../../../src/version.ts'
import { startService } from '../../service.ts'

t.test('says what it is, that it lives and that it is ready', async (t) => {
  const { ask } = await startService(t)
  const { json } = await ask({ method: 'GET', url: '/v2' })
  t.match(json, { name: 'lstm-serve', version })
  t.ok(Array.isArray(json.extensions))
  t.strictSame((await ask({ method: 'GET', url: '/v2/health/live?any=thing' })).json, { live: true })
  t.strictSame((await ask({ method: 'GET', url: '/v2/health/ready' })).json, { ready: true })
})

t.test('is ready no more when the process is about to end', async (t) => {
  const { app, ask } = await startService(t)
  app.drain.begin()
  const { status, json } = await ask({ method: 'GET', url: '/v2/health/ready' })
  t.equal(status, 503)
  t.strictSame(json, { ready: false })
})

t.test('every error under /v2 is JSON with an error text', async (t) => {
  const { app } = await startService(t)
  for (const [method, url, status] of [
    ['GET', '/v2/nothing', 404],
    ['POST', '/v2/nothing', 404],
    ['POST', '/v2', 405],
    ['DELETE', '/v2/health/live?x=1', 405]
  ] as const) {
    const answer = await app.inject({ method, url, ...(method === 'POST' && { payload: '[]' }) })
    t.equal(answer.statusCode, status, `${method} ${url}`)
    t.equal(answer.headers['content-type'], 'application/json', "KServe's client shows the text of exactly this type")
    const { error, detail, code } = answer.json()
    t.type(error, 'string')
    t.equal(error, detail)
    t.match(code, /^LSTM_ERR_/)
  }
  const elsewhere = await app.inject('/v2x')
  t.match(elsewhere.headers['content-type'], /^application\/problem\+json/)
})
