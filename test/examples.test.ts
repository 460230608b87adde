import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'

/** The examples as a person runs them, against the server as a person starts it. */

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Without settings of whoever runs the tests. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LSTM_')))

interface Ended {
  readonly code: unknown
  readonly stdout: string
  readonly stderr: string
}

function run(command: string, args: readonly string[], variables: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { cwd: root, env: { ...env, ...variables }, timeout: 60_000 }
    execFile(command, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? error.signal), stdout, stderr })
    })
  })
}

const digits = (address: string) => run(process.execPath, ['examples/digits/digits.mjs', address])
const words = (...args: string[]) => run(process.execPath, ['examples/words/words.mjs', ...args])
const hasCurl = spawnSync('curl', ['--version']).status === 0 && spawnSync('bash', ['--version']).status === 0

/** Starts the server on a port of the system's choice; its greeting says which. */
async function startServer(t: Test): Promise<{ server: ChildProcess; address: string }> {
  const server = spawn(process.execPath, ['dist/src/server.js', '--demo-sets'], {
    cwd: root,
    env: { ...env, LSTM_HOST: '127.0.0.1', LSTM_PORT: '0', LSTM_WORKERS: '2' },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  t.teardown(() => server.kill('SIGKILL')) // a test that failed has not stopped it
  let output = ''
  const address = await new Promise<string>((resolve, reject) => {
    server.once('error', reject)
    server.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${output}`)))
    server.stdout!.setEncoding('utf8').on('data', (text: string) => {
      output += text
      const greeting = /Swagger UI +(http:\S+)\/docs/.exec(output)
      if (greeting !== null) resolve(greeting[1])
    })
  })
  return { server, address }
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  listener.close()
  await once(listener, 'close')
  return typeof address === 'object' ? address!.port : 0
}

t.test('the examples, and a server that stops when told to', async (t) => {
  const { server, address } = await startServer(t)

  await t.test('digits draws three images and counts', async (t) => {
    const { code, stdout, stderr } = await digits(address)
    t.equal(code, 0, stderr)
    t.equal(stdout.match(/^image \d+, a \d/gm)?.length, 3)
    t.equal(stdout.match(/^ {2}[ ░▒▓█]{16} {2}\d +\d+ %$/gm)?.length, 24)
    t.match(stdout, /^349 of 360 right \(96\.9 %\)$/m)
  })

  await t.test('words invents the same words for one seed', async (t) => {
    const first = await words(address, '--seed', '7', '--count', '5')
    t.equal(first.code, 0, first.stderr)
    t.match(first.stdout, /^([a-z]{1,24}\n){5}$/)
    const again = await run(process.execPath, ['examples/words/words.mjs', '--seed', '7', '--count', '5'], {
      LSTM_URL: address
    })
    t.equal(again.stdout, first.stdout)
    t.not((await words(address, '--seed', '8', '--count', '5')).stdout, first.stdout)
  })

  await t.test('a problem ends an example with its detail', async (t) => {
    const { code, stderr } = await words(`${address}/elsewhere`)
    t.equal(code, 1)
    t.match(stderr, /answered 404: there is no POST \/elsewhere\/cell/)
  })

  if (hasCurl) {
    await t.test('curl.sh leaves the sets as they were', async (t) => {
      const before = await (await fetch(`${address}/parameters`)).json()
      const { code, stdout, stderr } = await run('bash', ['examples/curl.sh', address])
      t.equal(code, 0, stderr)
      t.match(stdout, /"name":"curl-copy"/)
      t.match(stdout, /LSTM_ERR_SHAPE_MISMATCH.*\n400\n$/)
      t.strictSame(await (await fetch(`${address}/parameters`)).json(), before)
    })
  }

  const exit = once(server, 'exit')
  process.kill(server.pid!, 'SIGTERM')
  t.strictSame(await exit, [0, null], 'the server ends with 0')
})

t.test('without a server the examples end with 1 and say so', async (t) => {
  const address = `http://127.0.0.1:${await freePort()}`
  for (const { code, stdout, stderr } of [await digits(address), await words(address)]) {
    t.equal(code, 1)
    t.equal(stdout, '')
    t.match(stderr, /^no answer from http:\S+ \(ECONNREFUSED\); is the server running\? npm start\n$/)
  }
})
