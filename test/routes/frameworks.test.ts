import t from 'tap'
import { fixture, jsonFixture } from '../fixtures.ts'
import type { Expected, Float64Tensor } from '../framework-outputs.ts'
import { kernelNames } from '../kernels/kernels.ts'
import { startService } from '../service.ts'
import { largestServedError } from './served-model.ts'

/** Every file that a framework wrote, put in as it is, on every kernel: the numbers are the framework's. */

const LIMIT = 1e-5

const pytorch = jsonFixture<Record<string, Expected>>('pytorch/expected.json')
const onnx = jsonFixture<Record<string, Expected>>('onnx/expected.json')
const exported = jsonFixture<Record<string, Expected>>('onnx/exported.json')
const keras = jsonFixture<Record<string, { x: Float64Tensor; out: Float64Tensor }>>('keras/expected.json')

/** What Keras's model gives is the head's output where there is a head; of the last step alone where it gives that. */
function ofKeras(name: string): Expected {
  const { x, out } = keras[name]
  const headless = ['bidirectional', 'bidirectional_last_state', 'activations'].includes(name)
  return { x, [headless ? 'a' : 'y']: out, last: out.shape[2] === 1 && x.shape[2] > 1 }
}

const files: [file: string, expected: Expected][] = [
  ...Object.entries(pytorch).map(([name, expected]): [string, Expected] => [`pytorch/${name}.pt`, expected]),
  ...Object.entries({ ...onnx, ...exported }).map(([name, expected]): [string, Expected] => [
    `onnx/${name}.onnx`,
    expected
  ]),
  ...Object.keys(keras).map((name): [string, Expected] => [`keras/${name}.keras`, ofKeras(name)]),
  ...['plain', 'mixed', 'activations', 'functional'].map((name): [string, Expected] => [
    `keras/${name}.h5`,
    ofKeras(name)
  ])
]

for (const kernel of kernelNames)
  t.test(kernel, async (t) => {
    const service = await startService(t, { kernel })
    let largest = 0
    for (const [file, expected] of files) {
      const { status, json } = await service.ask({
        method: 'PUT',
        url: '/parameters/p',
        body: fixture(file),
        headers: { 'content-type': 'application/octet-stream' }
      })
      if (status > 201) t.fail(`${file}: ${json.detail}`)
      const error = await largestServedError(service, 'p', expected)
      if (!(error <= LIMIT)) t.fail(`${file}: off by ${error}`)
      largest = Math.max(largest, error)
    }
    t.comment(`${files.length} files, largest difference ${largest}`)
    t.ok(largest <= LIMIT)
  })
