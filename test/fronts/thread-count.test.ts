import t from 'tap'
import { loadConfig } from '../../src/config.ts'
import { loadDescriptors } from '../../src/fronts/descriptors.ts'
import { httpThreadCount } from '../../src/fronts/thread-count.ts'

const count = (settings: Record<string, string>) => httpThreadCount(loadConfig(settings, []))

t.test('as many as workers unless another number is asked for', async (t) => {
  t.strictSame(count({ LSTM_WORKERS: '1' }), { count: 1 })
  t.strictSame(count({ LSTM_WORKERS: '1', LSTM_RATE_LIMIT: '5' }), { count: 1 })
  t.strictSame(count({ LSTM_WORKERS: '3', LSTM_HTTP_THREADS: '1' }), { count: 1 })
  t.strictSame(count({ LSTM_HTTP_THREADS: '1', LSTM_RATE_LIMIT: '5' }), { count: 1 })
})

t.test('as many as are asked for, where the threads can work together', async (t) => {
  if (loadDescriptors() === undefined) {
    t.match(count({ LSTM_HTTP_THREADS: '3' }), { count: 1, reason: /native binary/ })
    return
  }
  t.strictSame(count({ LSTM_HTTP_THREADS: '3' }), { count: 3 })
  t.strictSame(count({ LSTM_HTTP_THREADS: '0', LSTM_WORKERS: '3' }), { count: 3 })
  t.strictSame(count({ LSTM_HTTP_THREADS: '0', LSTM_WORKERS: '20' }), { count: 16 })
  t.match(count({ LSTM_HTTP_THREADS: '3', LSTM_RATE_LIMIT: '5' }), { count: 1, reason: /LSTM_RATE_LIMIT/ })
  t.match(count({ LSTM_HTTP_THREADS: '3', LSTM_TLS_CERT_FILE: 'a', LSTM_TLS_KEY_FILE: 'b' }), {
    count: 1,
    reason: /TLS/
  })
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = 'http://127.0.0.1:9'
  t.teardown(() => delete process.env.OTEL_EXPORTER_OTLP_ENDPOINT)
  t.match(count({ LSTM_HTTP_THREADS: '3' }), { count: 1, reason: /traces/ })
})
