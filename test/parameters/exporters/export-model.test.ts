import t from 'tap'
import type { Model } from '../../../src/lstm/model.ts'
import { exportModel } from '../../../src/parameters/exporters/export-model.ts'
import { randomModel, randomModels } from '../../random-model.ts'
import { importBytes } from '../importers/read.ts'

/** Plain data in which equal bits are equal: NaN does not occur, and -0 is told from 0. */
function bits(value: unknown): unknown {
  if (value instanceof Float32Array)
    return Buffer.from(Uint8Array.from(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))).toString(
      'hex'
    )
  if (Array.isArray(value)) return value.map(bits)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, bits(member)]))
}

t.test('every format gives every model back bit for bit', async (t) => {
  for (const [name, model] of Object.entries(randomModels)) {
    for (const [format, encoding] of [
      ['json', 'nested'],
      ['json', 'base64'],
      ['npz', 'nested'],
      ['safetensors', 'nested'],
      ['onnx', 'nested']
    ] as const) {
      if (format === 'onnx' && name === 'projection') {
        t.throws(() => exportModel(model, format), {
          code: 'LSTM_ERR_NOT_EXPORTABLE',
          message: /layer 0 has a projection/
        })
        continue
      }
      const file = exportModel(model, format, encoding)
      const back = importBytes(file)
      t.equal(back.format, format)
      t.strictSame(bits(back.model), bits(model), `${name} as ${format}, ${encoding}`)
      t.strictSame(exportModel(model, format, encoding), file, 'equal models, equal bytes')
    }
  }
})

t.test('what the operator LSTM cannot say is refused', async (t) => {
  const [a, b] = [randomModels.reverse.layers[0].reverse, randomModels.bidirectional.layers[0].forward]
  const mixed: Model = { layers: [{ forward: randomModel(9, 2, [{ n_a: 4 }]).layers[0].forward!, reverse: a! }] }
  t.throws(() => exportModel(mixed, 'onnx'), { message: 'ONNX: layer 0 has another n_a in each direction' })
  const clipped: Model = { layers: [{ forward: { ...b!, clip: 1 }, reverse: a! }] }
  t.throws(() => exportModel(clipped, 'onnx'), { message: 'ONNX: layer 0 has another clip in each direction' })
})

t.test('a test vector goes along, but for ONNX', async (t) => {
  const tensor = (rows: number) => ({ shape: [rows, 1, 2], data: new Float32Array(rows * 2).fill(0.5) })
  const model: Model = { ...randomModels.plain, test: { x: tensor(3), a: tensor(5), y: tensor(2) } }
  for (const format of ['json', 'npz', 'safetensors'] as const) {
    t.strictSame(bits(importBytes(exportModel(model, format)).model), bits(model), format)
  }
  t.equal(importBytes(exportModel(model, 'onnx')).model.test, undefined)
})
