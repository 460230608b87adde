import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { importModel } from '../../src/parameters/importers/import-model.ts'
import { type Expected, type Float64Tensor, largestError } from '../framework-outputs.ts'

/**
 * Holds files that the frameworks have just written against what they computed: node from-frameworks.js FOLDER, where FOLDER/pytorch, FOLDER/keras
 * and FOLDER/onnx are what the scripts make.py of test/fixtures have made. Prints the largest difference by format and file.
 */

const MOST = 1e-5
const [folder] = process.argv.slice(2)

function check(
  kind: string,
  name: string,
  extension: string,
  expected: (hasHead: boolean) => Expected,
  settings = {}
): void {
  const file = join(folder, kind, `${name}.${extension}`)
  const { model, format } = importModel(readFileSync(file), settings, { maxInflatedBytes: 5e8, maxJsonDepth: 32 })
  const error = largestError(model, expected(model.head !== undefined))
  const verdict = error <= MOST ? 'ok' : 'not ok'
  if (error > MOST || Number.isNaN(error)) process.exitCode = 1
  process.stdout.write(`${verdict} - ${format.padEnd(11)} ${name.padEnd(26)} ${error.toExponential(1)}\n`)
}

const json = <T>(path: string): T => JSON.parse(readFileSync(join(folder, path), 'utf8')) as T
const has = (kind: string, file: string): boolean => readdirSync(join(folder, kind)).includes(file)

for (const [name, outputs] of Object.entries(json<Record<string, Expected>>('pytorch/expected.json'))) {
  for (const extension of ['pt', 'safetensors']) {
    if (has('pytorch', `${name}.${extension}`)) check('pytorch', name, extension, () => outputs)
  }
}
for (const [name, { x, out }] of Object.entries(
  json<Record<string, Record<'x' | 'out', Float64Tensor>>>('keras/expected.json')
)) {
  const last = out.shape[2] === 1 && x.shape[2] > 1
  for (const extension of ['keras', 'h5']) {
    if (has('keras', `${name}.${extension}`))
      check('keras', name, extension, (hasHead) => ({ x, [hasHead ? 'y' : 'a']: out, last }))
  }
}
for (const list of ['expected', 'exported']) {
  for (const [name, outputs] of Object.entries(json<Record<string, Expected>>(`onnx/${list}.json`))) {
    check('onnx', name, 'onnx', () => outputs)
  }
}
