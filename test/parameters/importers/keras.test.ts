import t from 'tap'
import { fixture, jsonFixture } from '../../fixtures.ts'
import { type Expected, type Float64Tensor, largestError } from '../../framework-outputs.ts'
import { importBytes, imported } from './read.ts'

type Outputs = Record<string, { x: Float64Tensor; out: Float64Tensor }>
const outputs = jsonFixture<Outputs>('keras/expected.json')

/** What Keras's model gives is the head's output where there is a head; of one step where it gives the last one alone. */
function expectedOf(name: string, hasHead: boolean): Expected {
  const { x, out } = outputs[name]
  return { x, [hasHead ? 'y' : 'a']: out, last: out.shape[2] === 1 && x.shape[2] > 1 }
}

t.test("a model computes what Keras's computes", async (t) => {
  const files: [file: string, name: string, settings?: object][] = [
    ['plain.keras', 'plain'],
    ['plain.h5', 'plain'],
    ['plain.weights.h5', 'plain', { head_activation: 'softmax' }],
    ['latest.weights.h5', 'plain', { head_activation: 'softmax' }],
    ['last_step.keras', 'last_step'],
    ['bidirectional_last.keras', 'bidirectional_last'],
    ['bidirectional_last_state.keras', 'bidirectional_last_state'],
    ['stack.keras', 'stack'],
    ['stack.weights.h5', 'stack'],
    ['bidirectional.keras', 'bidirectional'],
    ['bidirectional.weights.h5', 'bidirectional'],
    ['mixed.keras', 'mixed'],
    ['mixed.h5', 'mixed'],
    ['activations.keras', 'activations'],
    ['activations.h5', 'activations'],
    ['functional.keras', 'functional'],
    ['functional.h5', 'functional']
  ]
  for (const [file, name, settings] of files) {
    const { model, source } = imported(`keras/${file}`, settings)
    t.equal(source.convention, 'keras')
    t.equal(source.lastOnly, name.includes('last'), file)
    const error = largestError(model, expectedOf(name, model.head !== undefined))
    t.ok(error <= 1e-5, `${file}: largest difference ${error}`)
  }
  const half = largestError(
    imported('keras/float16.weights.h5', { head_activation: 'softmax' }).model,
    expectedOf('plain', true)
  )
  t.ok(half <= 1e-3, `float16: largest difference ${half}`)
})

t.test("Keras 2's hard_sigmoid is another one than Keras 3's", async (t) => {
  const gates = ['activations.h5', 'keras2.h5'].map(
    (file) => imported(`keras/${file}`).model.layers[0].forward?.activations?.gate
  )
  t.strictSame(gates, [
    { name: 'hard_sigmoid', alpha: 1 / 6, beta: 0.5 },
    { name: 'hard_sigmoid', alpha: 0.2, beta: 0.5 }
  ])
})

t.test('what is no stack of LSTMs with a head is refused by name', async (t) => {
  const refused: [string, RegExp, object?][] = [
    ['mixed.weights.h5', /bidirectional, lstm layers and does not say in which order; save the whole model/],
    [
      'more.keras',
      /besides the LSTM, the model has embedding \(Embedding\), dense\w* \(Dense with activation relu\), dense\w* \(dense\); \?prefix=lstm\w* says/
    ],
    ['backwards.keras', /goes backwards and gives its steps backwards too/],
    ['gru.keras', /no LSTM in this file; its layers are .*\(GRU\)/],
    ['sum.keras', /merges its directions by .*sum.*; only "concat" is served/],
    ['gelu.keras', /has activation .*gelu.*, which is not served/],
    ['chunked.weights.h5', /compressed|in chunks/],
    [
      'plain.keras',
      /the file says that its head is softmax; head_activation=sigmoid contradicts it/,
      { head_activation: 'sigmoid' }
    ],
    ['plain.keras', /no LSTM of this file is called "x"; there are lstm/, { prefix: 'x' }],
    ['plain.keras', /no Dense layer behind the LSTM is called x; there are dense/, { head: 'x' }]
  ]
  for (const [file, message, settings] of refused) {
    t.throws(() => imported(`keras/${file}`, settings ?? {}), { message, code: /^LSTM_ERR/ }, file)
  }
  t.match(imported('keras/more.keras', { head: 'none' }), {
    model: { head: undefined },
    source: { leftOut: { length: 3 } }
  })
})

t.test('an HDF5 file cut off anywhere, and with any byte changed, is refused or read, and nothing else', async (t) => {
  for (const name of ['plain.h5', 'latest.weights.h5', 'stack.keras']) {
    const file = fixture(`keras/${name}`)
    let refused = 0
    for (let percent = 0; percent < 100; percent++) {
      t.throws(() => importBytes(file.subarray(0, Math.floor((file.length * percent) / 100))), { code: /^LSTM_ERR/ })
    }
    for (let at = 0; at < file.length; at += name.endsWith('.keras') ? 41 : 7) {
      const changed = Uint8Array.from(file)
      changed[at] ^= 1 << (at % 8)
      try {
        importBytes(changed)
      } catch (error) {
        if (!/^LSTM_ERR/.test((error as { code?: string }).code ?? ''))
          t.fail(`${name}, byte ${at}: ${(error as Error).stack}`)
        refused++
      }
    }
    t.ok(refused > 0, `${name}: ${refused} changes refused`)
  }
})
