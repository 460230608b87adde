import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exportModel } from '../../src/parameters/exporters/export-model.ts'
import { forwardOf } from '../model-forward.ts'
import { randomModels } from '../random-model.ts'
import { random } from '../tensors.ts'

/** Writes models as safetensors, ONNX and npz with what they compute, for to_*.py to hold against: node to-frameworks.js FOLDER. */

const [folder] = process.argv.slice(2)
mkdirSync(folder, { recursive: true })
const expected: Record<string, object> = {}
for (const [name, model] of Object.entries(randomModels)) {
  const { forward, reverse } = model.layers[0]
  const x = random(99, [6, (forward ?? reverse)!.n_x]) as number[][]
  const { a, y } = forwardOf(model, x)
  expected[name] = { x, a, y }
  for (const format of ['safetensors', 'onnx', 'npz'] as const) {
    if (format === 'onnx' && name === 'projection') continue
    writeFileSync(join(folder, `${name}.${format}`), exportModel(model, format))
  }
}
writeFileSync(join(folder, 'expected.json'), JSON.stringify(expected))
