import { availableParallelism } from 'node:os'
import t from 'tap'
import { loadConfig, settings, unknownVariables, usage } from '../src/config.ts'

t.test('defaults', async (t) => {
  t.strictSame(loadConfig({ PATH: '/bin' }, []), {
    host: '127.0.0.1',
    port: 3000,
    workers: availableParallelism(),
    httpThreads: 0,
    kernel: 'auto',
    logLevel: 'info',
    demoSets: false,
    dataDir: '',
    modelsDir: '',
    modelName: '',
    maxBodyBytes: 67_108_864,
    maxParametersBytes: 536_870_912,
    maxJobValues: 33_554_432,
    maxJsonDepth: 32,
    maxPending: 1024,
    maxPendingBytes: 1_073_741_824,
    maxWaitMs: 2000,
    maxRunningValues: 268_435_456,
    maxSequences: 100_000,
    maxSequenceBytes: 268_435_456,
    sequenceIdleMs: 600_000,
    deadlineMs: 30_000,
    deadlineMaxMs: 300_000,
    headersTimeoutMs: 10_000,
    requestTimeoutMs: 60_000,
    apiKeysFile: '',
    rateLimit: 0,
    trustProxy: '',
    corsOrigins: '',
    tlsCertFile: '',
    tlsKeyFile: '',
    shutdownDelayMs: 0,
    shutdownTimeoutMs: 10_000
  })
})

t.test('variables, and flags before them', async (t) => {
  const env = { LSTM_PORT: '8000', LSTM_WORKERS: '3', LSTM_DEMO_SETS: 'true', LSTM_HOST: '' }
  const config = loadConfig(env, ['--port', '9000', '--log-level=debug'])
  t.match(config, { port: 9000, workers: 3, demoSets: true, host: '127.0.0.1', logLevel: 'debug' })
  t.equal(loadConfig({}, ['--demo-sets']).demoSets, true)
})

t.test('what is wrong is named', async (t) => {
  t.throws(() => loadConfig({ LSTM_PORT: 'http' }, []), { message: /LSTM_PORT/ })
  t.throws(() => loadConfig({ LSTM_PORT: '70000' }, []), { message: /LSTM_PORT/ })
  t.throws(() => loadConfig({ LSTM_WORKERS: '-1' }, []), { message: /LSTM_WORKERS/ })
  t.strictSame(unknownVariables({ LSTM_PROT: '1', LSTM_PORT: '1', PATH: '' }), ['LSTM_PROT'])
  t.throws(() => loadConfig({}, ['--prot', '1']), { message: /--prot/ })
  t.throws(() => loadConfig({}, ['--log-level', 'loud']), { message: /LSTM_LOG_LEVEL/ })
  t.throws(() => loadConfig({ LSTM_KERNEL: 'gpu' }, []), { message: /LSTM_KERNEL/ })
})

t.test('the help names every setting', async (t) => {
  for (const name of Object.keys(settings)) t.match(usage(), name)
  t.match(usage(), '--max-body-bytes')
})
