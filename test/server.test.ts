import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { random, randomSet } from './tensors.ts'

/** The process as people run it, on a real port. */

const server = fileURLToPath(new URL('../src/server.js', import.meta.url))

interface Running {
  readonly process: ChildProcess
  readonly address: string
  /** Everything that it has printed. */
  output(): string
}

async function start(t: Test, args: string[] = [], env: Record<string, string> = {}): Promise<Running> {
  const child = spawn(process.execPath, [server, ...args], {
    env: { PATH: process.env.PATH, NODE_V8_COVERAGE: process.env.NODE_V8_COVERAGE, LSTM_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk))
  while (!/Server listening at (http:[^"]+)/.test(output)) {
    if (child.exitCode !== null) throw new Error(`the server ended: ${output}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const address = /Server listening at (http:[^"]+)/.exec(output)![1]
  return { process: child, address, output: () => output }
}

async function run(
  args: string[],
  env: Record<string, string> = {},
  entry = server
): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, [entry, ...args], { env: { PATH: process.env.PATH, ...env } })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk))
  const [code] = await once(child, 'close')
  return { code, output }
}

const post = (address: string, path: string, body: unknown) =>
  fetch(`${address}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body)
  })

t.test('serves the demo sets, and the curl line that it prints works', async (t) => {
  const { process: child, address, output } = await start(t, ['--demo-sets'])
  const { parameters } = (await (await fetch(`${address}/parameters`)).json()) as { parameters: { name: string }[] }
  t.strictSame(
    parameters.map(({ name }) => name),
    ['digits', 'words']
  )
  while (!output().includes('curl')) await new Promise((resolve) => setTimeout(resolve, 10))
  t.match(output(), `Swagger UI   ${address}/docs`)
  const [, url, body] = /curl (\S+) .* -d '([^']+)'/.exec(output())!
  const answer = await post(url.replace('/sequence', ''), '/sequence', JSON.parse(body))
  t.equal(answer.status, 200)
  const { y } = (await answer.json()) as { y: number[][] }
  t.equal(y[0].indexOf(Math.max(...y[0])), 7)
  child.kill('SIGTERM')
  t.strictSame(await once(child, 'close'), [0, null])
})

t.test('SIGTERM: requests under way are answered, then the process ends with 0', async (t) => {
  const { process: child, address } = await start(t)
  const body = { parameters: randomSet(1, 8, 32, 4), x: random(1, [8, 8, 400]), outputs: ['a_last'] }
  const underWay = Array.from({ length: 6 }, () => post(address, '/sequence', body))
  // the signal comes while they run: once one of two quick requests behind them has been answered, all have arrived
  await post(address, '/cell', { parameters: randomSet(1, 1, 1, 1), xt: [[1]] })
  child.kill('SIGTERM')
  const answers = await Promise.all(underWay)
  t.strictSame(
    answers.map(({ status }) => status),
    [200, 200, 200, 200, 200, 200]
  )
  for (const answer of answers) t.equal(((await answer.json()) as { a_last: unknown[] }).a_last.length, 32)
  if (child.exitCode === null) await once(child, 'close')
  t.equal(child.exitCode, 0)
  await t.rejects(fetch(`${address}/health/live`), 'nobody listens any more')
})

t.test('after SIGTERM it is ready no more, yet answers until the delay is over', async (t) => {
  const { process: child, address } = await start(t, [], { LSTM_SHUTDOWN_DELAY_MS: '700' })
  child.kill('SIGTERM')
  let ready = await fetch(`${address}/health/ready`)
  while (ready.status === 200) ready = await fetch(`${address}/health/ready`)
  t.equal(ready.status, 503)
  t.match(await ready.json(), { ready: false, workers: Number })
  const answer = await post(address, '/cell', { parameters: randomSet(1, 1, 1, 1), xt: [[1]] })
  t.equal(answer.status, 200)
  t.equal(answer.headers.get('connection'), 'close')
  t.strictSame(await once(child, 'close'), [0, null])
})

t.test('the health check of the image says whether it is ready', async (t) => {
  const program = fileURLToPath(new URL('../src/health-check.js', import.meta.url))
  const check = async (port: string, env = {}) => {
    const child = spawn(process.execPath, [program], { env: { PATH: process.env.PATH, LSTM_PORT: port, ...env } })
    return (await once(child, 'close'))[0]
  }
  const { process: child, address } = await start(t, [], { LSTM_SHUTDOWN_DELAY_MS: '60000' })
  const { port } = new URL(address)
  t.equal(await check(port), 0)
  t.equal(await check(port, { LSTM_TLS_CERT_FILE: '/some/cert' }), 1, 'TLS is spoken where it is set')
  child.kill('SIGTERM')
  while ((await fetch(`${address}/health/ready`)).status === 200);
  t.equal(await check(port), 1)
  child.kill('SIGKILL')
  await once(child, 'close')
  t.equal(await check(port), 1)
})

t.test('a second signal ends it at once, and so does the end of the time for what is under way', async (t) => {
  const hang = (address: string) => {
    // a request that never arrives whole
    const { hostname, port } = new URL(address)
    const socket = connect(Number(port), hostname, () =>
      socket.write('POST /cell HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{')
    )
    socket.on('error', () => {})
    t.teardown(() => socket.destroy())
    return once(socket, 'connect')
  }
  const patient = await start(t, [], { LSTM_SHUTDOWN_DELAY_MS: '60000' })
  patient.process.kill('SIGTERM')
  while ((await fetch(`${patient.address}/health/ready`)).status === 200);
  patient.process.kill('SIGTERM')
  t.strictSame(await once(patient.process, 'close'), [1, null])

  const hasty = await start(t, [], { LSTM_SHUTDOWN_TIMEOUT_MS: '300' })
  await hang(hasty.address)
  await fetch(`${hasty.address}/health/live`)
  hasty.process.kill('SIGTERM')
  t.strictSame(await once(hasty.process, 'close'), [1, null])
  t.match(hasty.output(), /killed by timeout \(300ms\)/)
})

t.test('a folder that another process has is said so', async (t) => {
  const folder = t.testdir()
  const { process: child } = await start(t, [], { LSTM_DATA_DIR: folder })
  const { code, output } = await run([], { LSTM_DATA_DIR: folder, LSTM_PORT: '0' })
  t.equal(code, 1)
  t.match(output, `the folder is in use by process ${child.pid} on`)
})

t.test('logs one line for each request, without its body', async (t) => {
  const { process: child, address, output } = await start(t)
  await post(address, '/cell', { parameters: randomSet(1, 1, 1, 1), xt: [[0.123456]] })
  child.kill('SIGTERM')
  await once(child, 'close')
  const lines = output()
    .split('\n')
    .filter((line) => line.includes('"answered"'))
  t.equal(lines.length, 1)
  t.match(JSON.parse(lines[0]), { method: 'POST', url: '/cell', route: '/cell', status: 200, ms: Number })
  t.notMatch(output(), '0.123456')
})

t.test('an address that is taken is said so', async (t) => {
  const { address } = await start(t)
  const { code, output } = await run([], { LSTM_PORT: new URL(address).port })
  t.equal(code, 1)
  t.match(output, /EADDRINUSE/)
})

t.test('wrong settings end it before it begins', async (t) => {
  const { code, output } = await run(['--port', 'http'])
  t.equal(code, 2)
  t.match(output, /LSTM_PORT/)
})

t.test('--help and --version', async (t) => {
  const help = await run(['--help'])
  t.equal(help.code, 0)
  t.match(help.output, /--max-pending/)
  t.match((await run(['--version'])).output, /^\d+\.\d+\.\d+\n$/)
})

t.test('a kernel that is not there stops the start with a word about it', async (t) => {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const copy = t.testdir({ node_modules: t.fixture('symlink', join(root, 'node_modules')) })
  for (const part of ['package.json', 'dist/src', 'dist/schemas']) {
    await cp(join(root, part), join(copy, part), { recursive: true })
  }
  const { code, output } = await run([], { LSTM_KERNEL: 'native' }, join(copy, 'dist/src/server.js'))
  t.equal(code, 2)
  t.match(output, /^lstm-serve: LSTM_KERNEL is native, but the native kernel is not built: `npm run native`/)
})
