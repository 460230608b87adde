import { connect } from 'node:net'
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib'
import t from 'tap'
import { binaryInput, inferBody, readInfer } from '../../infer-message.ts'
import { startService } from '../../service.ts'
import { flatten, random, randomSet, shapeOf } from '../../tensors.ts'

const url = '/v2/models/p/infer'
const x = random(1, [2, 3, 40])
const message = { inputs: [binaryInput('x', shapeOf(x), flatten(x))], parameters: { binary_data_output: true } }

t.test('bodies come and answers go compressed', async (t) => {
  const { ask } = await startService(t)
  await ask({ method: 'PUT', url: '/parameters/p', body: randomSet(1, 2, 3, 2) })
  const { body, headers } = inferBody(message)
  const plain = await ask({ url, body, headers })
  t.equal(plain.status, 200)
  for (const [encoding, compress] of [
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['GZIP', gzipSync],
    ['deflate', deflateSync],
    ['identity', (bytes: Uint8Array) => bytes]
  ] as const) {
    const answer = await ask({ url, body: compress(body), headers: { ...headers, 'content-encoding': encoding } })
    t.strictSame(answer.bytes, plain.bytes, encoding)
  }
  for (const [accepted, inflate] of [
    ['gzip', gunzipSync],
    ['deflate', inflateSync]
  ] as const) {
    const answer = await ask({ url, body, headers: { ...headers, 'accept-encoding': accepted } })
    t.equal(answer.headers['content-encoding'], accepted)
    const bytes = inflate(answer.bytes)
    t.strictSame(bytes, plain.bytes)
    t.equal(Number(answer.headers['content-length']), answer.bytes.length)
    readInfer({ ...answer, bytes })
  }
  for (const accepted of ['gzip, deflate, br', 'identity', '*', 'br', 'constructor']) {
    const answer = await ask({ url, body, headers: { ...headers, 'accept-encoding': accepted } })
    t.notOk('content-encoding' in answer.headers, accepted)
    t.strictSame(answer.bytes, plain.bytes)
  }
})

t.test('what is not compressed as it says is refused', async (t) => {
  const { ask } = await startService(t)
  await ask({ method: 'PUT', url: '/parameters/p', body: randomSet(1, 2, 3, 2) })
  const { body, headers } = inferBody(message)
  for (const [encoding, sent, text] of [
    ['gzip', body, /^the body is not gzip, as Content-Encoding says: /],
    ['deflate', gzipSync(body), /^the body is not deflate/],
    ['gzip', gzipSync(body).subarray(0, -9), /^the body is not gzip.*unexpected end/],
    ['gzip', gzipSync(body).fill(0x55, 30, 60), /^the body is not gzip/]
  ] as const) {
    const { status, json } = await ask({ url, body: sent, headers: { ...headers, 'content-encoding': encoding } })
    t.equal(status, 400)
    t.equal(json.code, 'LSTM_ERR_INVALID_REQUEST')
    t.match(json.error, text)
  }
  for (const encoding of ['br', 'zstd', 'gzip, gzip', 'toString', '']) {
    const { status, json } = await ask({ url, body, headers: { ...headers, 'content-encoding': encoding } })
    t.equal(status, 415, encoding)
    t.match(json, { code: 'LSTM_ERR_UNSUPPORTED_ENCODING', error: /accepted are gzip, x-gzip, deflate, or none/ })
  }
})

t.test('what would inflate to more than a body may have is stopped there', async (t) => {
  const { ask, app } = await startService(t, { maxBodyBytes: 100_000 })
  await ask({ method: 'PUT', url: '/parameters/p', body: randomSet(1, 2, 3, 2) })
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, ' '))
  t.ok(bomb.length < 100_000)
  const headers = { 'content-encoding': 'gzip' }
  const before = process.memoryUsage().arrayBuffers
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask({ url, body: bomb, headers })))
  t.ok(process.memoryUsage().arrayBuffers - before < 32 * 1024 * 1024, 'nobody holds what came out')
  for (const { status, json } of answers) {
    t.equal(status, 413)
    t.match(json, { code: 'LSTM_ERR_BODY_TOO_LARGE', error: /100000 bytes, the limit set by LSTM_MAX_BODY_BYTES/ })
  }
  t.equal(app.pool.admission.arrivingBytes, 0)
  const incompressible = Buffer.alloc(200_000)
  const { status } = await ask({ url, body: incompressible, headers })
  t.equal(status, 413, 'too large as it came')
})

t.test('a client that goes away in the middle leaves nothing behind', async (t) => {
  const { app } = await startService(t)
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  const sent = gzipSync(Buffer.from(JSON.stringify({ a: flatten(random(2, [5000])) })))
  const socket = connect(Number(port), '127.0.0.1')
  socket.write(`POST ${url} HTTP/1.1\r\nhost: x\r\ncontent-encoding: gzip\r\ncontent-length: ${sent.length}\r\n\r\n`)
  socket.write(sent.subarray(0, sent.length / 2))
  await new Promise((resolve) => setTimeout(resolve, 200))
  t.ok(app.pool.admission.arrivingBytes > 0, 'it has come in part')
  socket.destroy()
  for (let i = 0; i < 100 && app.pool.admission.arrivingBytes > 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  t.equal(app.pool.admission.arrivingBytes, 0)
})
