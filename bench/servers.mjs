// The servers that are compared, each a process of its own on a port that the system chooses.
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { mkdtemp, open, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { adopt, stop } from './children.mjs'
import { batchFirstModel } from './onnx-model.mjs'
import { putJson, putNpz } from './sets.mjs'

const path = (name) => fileURLToPath(new URL(name, import.meta.url))

/** A directory for models and logs, removed with `remove`, or when the process ends otherwise. */
export async function workDirectory() {
  const directory = await mkdtemp(join(tmpdir(), 'lstm-serve-bench-'))
  const remove = () => rmSync(directory, { recursive: true, force: true })
  process.once('exit', remove)
  return { directory, remove }
}

/** Writes `sets`, name → layer, as models for the peers. */
export async function writeModels(directory, sets) {
  for (const [name, layer] of sets) await writeFile(join(directory, `${name}.onnx`), batchFirstModel(layer))
}

/** Starts `script` and waits for the line that says where it listens; the output goes to a file, as a service's does. */
async function start(name, directory, script, args, env = {}, execArgv = []) {
  const log = join(directory, `${name}.log`)
  const file = await open(log, 'w')
  const child = adopt(
    spawn(process.execPath, [...execArgv, path(script), ...args], {
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', file.fd, file.fd],
      cwd: directory
    })
  )
  await file.close()
  for (;;) {
    const text = await readFile(log, 'utf8')
    const address = /http:\/\/127\.0\.0\.1:(\d+)/.exec(text)
    if (address !== null) return { name, port: Number(address[1]), pid: child.pid, stop: () => stop(child) }
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${name} has ended: ${text}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Our server exactly as `npm start` runs it, with `sets` put into it. */
export async function startOurs(directory, sets, env = {}, execArgv = []) {
  const script = '../dist/src/server.js'
  const server = await start('lstm-serve', directory, script, ['--demo-sets'], { LSTM_PORT: '0', ...env }, execArgv)
  for (const [name, layer] of sets) await put(server, name, layer)
  return server
}

const putBodies = {
  json: (layer) => ({ type: 'application/json', body: putJson(layer) }),
  npz: (layer) => ({ type: 'application/x-npz', body: putNpz(layer) })
}

/** PUTs a set as base64 in JSON, or as NumPy's npz. */
export async function put({ port }, name, layer, form = 'json') {
  const { type, body } = putBodies[form](layer)
  const response = await fetch(`http://127.0.0.1:${port}/parameters/${name}`, {
    method: 'PUT',
    headers: { 'content-type': type },
    body
  })
  if (!response.ok) throw new Error(`PUT ${name}: ${await response.text()}`)
}

/** Fastify + onnxruntime-node. */
export const startSinglePeer = (directory) => start('fastify+ort', directory, 'peers/single.mjs', [directory])

/** The same under node:cluster, one process per core. */
export const startClusterPeer = (directory) => start('cluster', directory, 'peers/cluster.mjs', [directory])
