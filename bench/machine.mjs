// What a figure depends on besides the code.
import { readFile } from 'node:fs/promises'
import { cpus, release, totalmem, type } from 'node:os'

const versionOf = async (file) => JSON.parse(await readFile(new URL(file, import.meta.url), 'utf8')).version

/** Lines that say when, where and with what the benchmark ran. */
export async function describeMachine() {
  const cores = cpus()
  const model = cores[0].model.trim()
  return [
    ['date', new Date().toISOString().slice(0, 10)],
    ['processor', `${model}, ${cores.length} cores`],
    ['memory', `${Math.round(totalmem() / 2 ** 30)} GiB`],
    ['system', `${type()} ${release()}`],
    ['Node', process.version],
    ['lstm-serve', await versionOf('../package.json')],
    ['fastify', await versionOf('../node_modules/fastify/package.json')],
    ['onnxruntime-node', await versionOf('node_modules/onnxruntime-node/package.json')]
  ]
}
