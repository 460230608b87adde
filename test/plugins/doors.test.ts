import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { startService } from '../service.ts'
import { randomSet } from '../tensors.ts'

/** What stands between the network and the routes: headers, CORS, rate limit, TLS. */

const body = { parameters: randomSet(1, 1, 1, 1), xt: [[1]] }
const tls = fileURLToPath(new URL('../../../test/fixtures/tls', import.meta.url))

t.test('every answer has the security headers; the page has its own policy', async (t) => {
  const { app, ask } = await startService(t)
  for (const { headers } of [
    await ask({ method: 'GET', url: '/health/live' }),
    await ask({ url: '/cell', body: {} }),
    await app.inject('/nowhere')
  ]) {
    t.match(headers, {
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
      'cross-origin-resource-policy': 'same-origin'
    })
    t.notOk('strict-transport-security' in headers)
    t.notOk('access-control-allow-origin' in headers)
  }
  const page = await app.inject('/docs/')
  t.match(page.headers['content-security-policy'], /default-src 'self'/)
})

t.test('CORS is for the origins that are set', async (t) => {
  const { app } = await startService(t, { corsOrigins: 'https://a.test, https://b.test' })
  const preflight = (origin: string) =>
    app.inject({ method: 'OPTIONS', url: '/cell', headers: { origin, 'access-control-request-method': 'POST' } })
  const allowed = await preflight('https://b.test')
  t.equal(allowed.statusCode, 204)
  t.equal(allowed.headers['access-control-allow-origin'], 'https://b.test')
  t.notOk('access-control-allow-origin' in (await preflight('https://c.test')).headers)
  const { app: all } = await startService(t, { corsOrigins: '*' })
  const answer = await all.inject({ url: '/health/live', headers: { origin: 'https://c.test' } })
  t.equal(answer.headers['access-control-allow-origin'], '*')
})

t.test('past the rate limit a client is refused, others and probes are not', async (t) => {
  const { app, ask } = await startService(t, { rateLimit: 3, trustProxy: '127.0.0.1' })
  const from = (address: string) => ask({ url: '/cell', body, headers: { 'x-forwarded-for': address } })
  for (let i = 0; i < 3; i++) t.equal((await from('10.0.0.1')).status, 200)
  const refused = await from('10.0.0.1')
  t.equal(refused.status, 429)
  t.match(refused.json, { code: 'LSTM_ERR_RATE_LIMITED', detail: /more than 3 requests in a minute/ })
  const seconds = Number(refused.headers['retry-after'])
  t.ok(seconds >= 1 && seconds <= 60, `come back in ${seconds} s`)
  t.equal((await from('10.0.0.2')).status, 200)
  for (let i = 0; i < 10; i++) t.equal((await app.inject('/health/live')).statusCode, 200)
})

t.test('without LSTM_TRUST_PROXY nobody can give themselves another address', async (t) => {
  const { ask } = await startService(t, { rateLimit: 1 })
  const from = (address: string) => ask({ url: '/cell', body, headers: { 'x-forwarded-for': address } })
  t.equal((await from('10.0.0.1')).status, 200)
  t.equal((await from('10.0.0.2')).status, 429)
})

t.test('serves TLS, and takes a renewed certificate up', async (t) => {
  const folder = t.testdir()
  const [tlsCertFile, tlsKeyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const install = (name: string) => {
    mkdirSync(folder, { recursive: true })
    copyFileSync(join(tls, `${name}-cert.pem`), tlsCertFile)
    copyFileSync(join(tls, `${name}-key.pem`), tlsKeyFile)
  }
  install('first')
  const { app } = await startService(t, { tlsCertFile, tlsKeyFile })
  t.match((await app.inject('/health/live')).headers, { 'strict-transport-security': /max-age/ })
  const address = await app.listen({ port: 0, host: '127.0.0.1' })
  t.match(address, /^https:/)
  const subject = () =>
    new Promise((resolve, reject) => {
      const socket = connect({ port: Number(new URL(address).port), host: '127.0.0.1', rejectUnauthorized: false })
      socket.on('error', reject)
      socket.on('secureConnect', () => {
        resolve(socket.getPeerCertificate().subject.CN)
        socket.destroy()
      })
    })
  t.equal(await subject(), 'first.lstm-serve.test')
  install('second')
  while ((await subject()) !== 'second.lstm-serve.test') await new Promise((resolve) => setTimeout(resolve, 50))
  t.pass('the new one is shown')
})

t.test('a certificate that is not there, or half of one, is a start that fails', async (t) => {
  await t.rejects(startService(t, { tlsCertFile: '/none', tlsKeyFile: '/none' }), { message: /ENOENT/ })
  await t.rejects(startService(t, { tlsCertFile: '/none' }), { message: /are both needed/ })
})
