import t from 'tap'
import { jsonFixture } from '../../fixtures.ts'
import { type Expected, largestError } from '../../framework-outputs.ts'
import { imported } from './read.ts'

t.test('a model computes what ONNX Runtime computes', async (t) => {
  const expected = jsonFixture<Record<string, Expected>>('onnx/expected.json')
  for (const [name, outputs] of Object.entries(expected)) {
    const { model, format, source } = imported(`onnx/${name}.onnx`)
    t.equal(format, 'onnx')
    t.equal(source.convention, 'onnx')
    t.equal(model.head === undefined, outputs.y === undefined, name)
    const error = largestError(model, outputs)
    t.ok(error <= 1e-5, `${name}: largest difference ${error}`)
  }
})

t.test('what torch.onnx.export has written computes what PyTorch computes', async (t) => {
  const expected = jsonFixture<Record<string, Expected>>('onnx/exported.json')
  for (const [name, outputs] of Object.entries(expected)) {
    const { model } = imported(`onnx/${name}.onnx`)
    t.equal(model.head === undefined, outputs.y === undefined, name)
    const error = largestError(model, outputs)
    t.ok(error <= 1e-5, `${name}: largest difference ${error}`)
  }
})
