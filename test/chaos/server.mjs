// What the programs of this folder share: a server of the built code on a free port, and random parameter sets.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../dist/src/server.js', import.meta.url))

/** With LSTM_HTTP_THREADS in the environment of these programs, so many threads of their servers take requests. */
const { PATH, LSTM_HTTP_THREADS } = process.env

/** @returns its origin, and what ends it with a signal and gives the code that it ended with */
export async function startServer(env = {}) {
  const child = spawn(process.execPath, [program], {
    env: { PATH, LSTM_PORT: '0', ...(LSTM_HTTP_THREADS && { LSTM_HTTP_THREADS }), ...env },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  let output = ''
  const exited = once(child, 'exit')
  const origin = await new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      if (output.length < 1e6) output += chunk
      const found = /Server listening at (http:[^"]+)/.exec(output)
      if (found) resolve(found[1])
    })
    exited.then(([code]) => reject(new Error(`the server ended with ${code}: ${output}`)))
  })
  return {
    origin,
    pid: child.pid,
    async end(signal) {
      child.kill(signal)
      return (await exited)[0]
    }
  }
}

/** The ten arrays, nested, the same for the same seed. */
export function set(seed, n_x, n_a, n_y) {
  let state = seed + 1
  const random = () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return Math.fround(state / 2 ** 31 - 1)
  }
  const matrix = (rows, columns) => Array.from({ length: rows }, () => Array.from({ length: columns }, random))
  const gates = ['f', 'i', 'c', 'o'].flatMap((gate) => [
    [`W${gate}`, matrix(n_a, n_a + n_x)],
    [`b${gate}`, matrix(n_a, 1)]
  ])
  return Object.fromEntries([...gates, ['Wy', matrix(n_y, n_a)], ['by', matrix(n_y, 1)]])
}
