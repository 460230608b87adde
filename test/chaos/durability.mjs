// durability.mjs [ROUNDS]: kill -9 during a stream of PUT and DELETE, again and again on one folder. After each restart
// every acknowledged change is there, what was not acknowledged is there or not, and nothing torn is served.
// 300 rounds by hand, a few in CI. Needs a build.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { set, startServer } from './server.mjs'

const rounds = Number(process.argv[2] ?? 300)
const folder = mkdtempSync(join(tmpdir(), 'lstm-serve-chaos-'))
const names = ['a', 'b', 'C', 'd-e', 'f.g']
/** By name: the versions that may be there, undefined for none. */
const allowed = new Map(names.map((name) => [name, [undefined]]))
let seed = 0
let acknowledged = 0

try {
  for (let round = 0; round < rounds; round++) {
    const server = await startServer({ LSTM_DATA_DIR: folder, LSTM_WORKERS: '2' })
    const { parameters, not_loaded: notLoaded } = await (await fetch(`${server.origin}/parameters`)).json()
    if (notLoaded !== undefined) throw new Error(`round ${round}: ${JSON.stringify(notLoaded)}`)
    const there = new Map(parameters.map(({ name, version }) => [name, version]))
    for (const name of names) {
      if (!allowed.get(name).includes(there.get(name))) {
        throw new Error(`round ${round}: ${name} is ${there.get(name)}; expected one of ${allowed.get(name)}`)
      }
      allowed.set(name, [there.get(name)])
    }
    let killed = false
    const change = async (name) => {
      while (!killed) {
        const before = allowed.get(name)
        const deleting = seed++ % 4 === 3
        const body = JSON.stringify(set(seed, 4, 1 + (seed % 60), 3))
        // until the answer is here, either may be there; the version of the new one is not known yet
        try {
          if (deleting) {
            allowed.set(name, [...before, undefined])
            const { status } = await fetch(`${server.origin}/parameters/${name}`, { method: 'DELETE' })
            if (status !== 204 && status !== 404) throw new Error(`DELETE is answered ${status}`)
            allowed.set(name, [undefined])
          } else {
            const version = await versionOf(body)
            allowed.set(name, [...before, version])
            const answer = await fetch(`${server.origin}/parameters/${name}`, {
              method: 'PUT',
              headers: { 'content-type': 'application/json' },
              body
            })
            const described = await answer.json()
            if (described.version !== version) throw new Error(`PUT is answered ${JSON.stringify(described)}`)
            allowed.set(name, [version])
          }
          acknowledged++
        } catch (error) {
          if (!killed) throw error
        }
      }
    }
    const changes = Promise.all(names.map(change))
    await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 150))
    killed = true
    await server.end('SIGKILL')
    await changes
  }
  console.log(`ok - ${rounds} times kill -9, ${acknowledged} acknowledged changes, none lost, nothing torn`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** The version that the service gives these arrays: the hash of their shapes and float32 values. */
async function versionOf(body) {
  const { createHash } = await import('node:crypto')
  const arrays = JSON.parse(body)
  const hash = createHash('sha256')
  for (const name of ['Wf', 'bf', 'Wi', 'bi', 'Wc', 'bc', 'Wo', 'bo', 'Wy', 'by']) {
    hash.update(`${name}(${arrays[name].length},${arrays[name][0].length})`)
    hash.update(new Uint8Array(Float32Array.from(arrays[name].flat()).buffer))
  }
  return BigInt.asUintN(63, hash.digest().readBigUInt64BE()).toString()
}
