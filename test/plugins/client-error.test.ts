import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { startService } from '../service.ts'

/** What comes over a socket and never becomes a request that a route would see. */

t.test('is answered with a problem, and the connection is closed', async (t) => {
  const { app } = await startService(t, { headersTimeoutMs: 1000, requestTimeoutMs: 2000 })
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  const send = async (bytes: string) => {
    const socket = connect(Number(port), '127.0.0.1')
    await once(socket, 'connect')
    socket.write(bytes)
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n')
    t.match(head, /\r\ncontent-type: application\/problem\+json/)
    t.match(head, new RegExp(`\r\ncontent-length: ${Buffer.byteLength(body)}(\r\n|$)`))
    return { status: Number(head.slice(9, 12)), ...JSON.parse(body) }
  }

  t.match(await send(`GET / HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`), {
    status: 431,
    code: 'LSTM_ERR_HEADERS_TOO_LARGE'
  })
  t.match(await send('this is no request\r\n\r\n'), { status: 400, code: 'LSTM_ERR_INVALID_REQUEST', detail: /HTTP/ })
  t.match(await send('GET / HTTP/1.1\r\nhost: a\r\nx: '), { status: 408, code: 'LSTM_ERR_REQUEST_TIMEOUT' })
  t.match(
    await send('POST /cell HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{'),
    {
      status: 408,
      code: 'LSTM_ERR_REQUEST_TIMEOUT'
    }
  )
})

t.test('a path that is not there says so, whatever the type of the body', async (t) => {
  const { app } = await startService(t)
  for (const method of ['POST', 'QUERY'] as const) {
    for (const type of ['text/unknown', 'x', undefined]) {
      const headers = type === undefined ? {} : { 'content-type': type }
      const inject = (url: string) => app.inject({ method: method as 'POST', url, headers, payload: 'x' })
      t.match((await inject('/nowhere')).json(), { status: 404, code: 'LSTM_ERR_NOT_FOUND' })
      t.match((await inject('/health/live')).json(), { status: 405, code: 'LSTM_ERR_METHOD_NOT_ALLOWED' })
    }
  }
})
