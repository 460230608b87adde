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
    t.equal(source.lastOnly, outputs.last === true)
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

t.test('what is no stack of LSTMs with a head is refused by name', async (t) => {
  const refused: [string, RegExp][] = [
    ['relu_between', /several LSTMs in this file: lstm_0, lstm_1; choose one with \?prefix=lstm_0$/],
    ['two_heads', /several nodes could be the head: (left, right|right, left); choose one with/],
    ['deep_head', /besides the LSTM and its head, the model has relu \(Relu\); \?prefix=lstm_0 says to leave them out/],
    ['encoded', /besides the LSTM, the model has encoder \(Tanh\)/],
    ['joined_directions_first', /besides the LSTM, the model has reshape \(Reshape\)/],
    ['last_step_of_both', /besides the LSTM, the model has head \(MatMul\)/],
    ['first_step', /besides the LSTM, the model has first \(Gather\)/],
    ['computed_weights', /LSTM lstm_0: its input W, V, is no constant of floats/],
    ['initial_state', /LSTM lstm_0 begins with an initial_h of its own, which is not served; send it as a0 or c0/],
    ['elu', /LSTM lstm_0 has the activation Elu, which is not served/],
    ['gru', /no LSTM node in this file; its nodes are GRU/],
    ['seq2seq', /several LSTMs in this file: lstm_0, lstm_1/]
  ]
  for (const [name, message] of refused) {
    t.throws(() => imported(`onnx/refused_${name}.onnx`), { message, code: 'LSTM_ERR_INVALID_PARAMETER_SET' }, name)
  }
  t.match(imported('onnx/refused_deep_head.onnx', { head: 'none' }).model.head, undefined)
  t.match(imported('onnx/refused_deep_head.onnx', { head: 'head' }).model.head, { n_y: 2, activation: 'linear' })
  t.match(imported('onnx/refused_two_heads.onnx', { head: 'right' }), { model: { head: { n_y: 3 } } })
  t.match(imported('onnx/refused_seq2seq.onnx', { prefix: 'lstm_1' }).source.lstm, 'lstm_1')
})
