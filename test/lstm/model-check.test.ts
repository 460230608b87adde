import t from 'tap'
import type { DirectionWeights, Model } from '../../src/lstm/model.ts'
import { checkModel } from '../../src/lstm/model-check.ts'
import { randomModels } from '../random-model.ts'

t.test('whole models pass, with their dimensions', async (t) => {
  t.strictSame(checkModel(randomModels.widths), { n_x: 4, width: 4, n_y: 1 })
  t.strictSame(checkModel(randomModels.projection), { n_x: 5, width: 3, n_y: 2 })
  t.strictSame(checkModel(randomModels.headless), { n_x: 1, width: 1, n_y: 0 })
  for (const model of Object.values(randomModels)) t.doesNotThrow(() => checkModel(model))
})

t.test('what does not fit is refused by name', async (t) => {
  const { plain, bidirectional, projection, peepholes } = randomModels
  const forward = plain.layers[0].forward as DirectionWeights
  const direction = (change: Partial<DirectionWeights>): Model => ({
    ...plain,
    layers: [{ forward: { ...forward, ...change } }]
  })
  const without = ({ Wp: _, ...rest }: DirectionWeights): DirectionWeights => rest
  const floats = (n: number) => new Float32Array(n)
  const tensor = (...shape: number[]) => ({
    shape,
    data: floats(shape.reduce((product, length) => product * length, 1))
  })
  const wrong: [Model, RegExp][] = [
    [{ layers: [] }, /at least one layer/],
    [{ layers: [{}] }, /layers\.0 has neither a forward nor a reverse direction/],
    [direction({ Wi: floats(39) }), /layers\.0\.forward\.Wi has 39 values; expected \(n_a, n_h \+ n_x\) = \(5, 8\)/],
    [direction({ bo: floats(4) }), /layers\.0\.forward\.bo has 4 values; expected \(n_a,\) = \(5,\)/],
    [direction({ n_x: 0 }), /n_x is 0; it must be at least 1/],
    [direction({ n_h: 3 }), /a hidden state of 3 and a cell state of 5, and no projection Wp/],
    [direction({ clip: 0 }), /clip is 0; expected a positive number/],
    [direction({ peepholes: { pf: floats(5), pi: floats(5), po: floats(6) } }), /po has 6 values/],
    [
      direction({
        activations: { gate: { name: 'sigmoid', alpha: 1 }, candidate: { name: 'tanh' }, output: { name: 'tanh' } }
      }),
      /gate: sigmoid takes no alpha/
    ],
    [
      direction({
        activations: {
          gate: { name: 'hard_sigmoid', beta: Number.NaN },
          candidate: { name: 'tanh' },
          output: { name: 'tanh' }
        }
      }),
      /beta of hard_sigmoid is NaN/
    ],
    [
      { layers: [bidirectional.layers[0], plain.layers[0]] },
      /layers\.1\.forward reads 3 features, but layers\.0 gives 6/
    ],
    [
      { layers: [{ ...bidirectional.layers[0], forward: forward }] },
      /layers\.0\.reverse reads 2 features, but the other direction reads 3/
    ],
    [{ layers: [{ forward: without(projection.layers[0].forward as DirectionWeights) }] }, /no projection Wp/],
    [
      { layers: [{ forward: { ...(projection.layers[0].forward as DirectionWeights), Wp: floats(3) } }] },
      /Wp has 3 values; expected \(n_h, n_a\) = \(3, 8\)/
    ],
    [
      { ...plain, head: { n_y: 2, Wy: floats(12), by: floats(2), activation: 'linear' } },
      /head\.Wy has 12 values; expected \(n_y, n_h\) = \(2, 5\)/
    ],
    [{ ...plain, head: { n_y: 2, Wy: floats(10), by: floats(1), activation: 'linear' } }, /head\.by has 1 values/],
    [{ ...plain, test: { x: tensor(3, 1, 2) } }, /neither a nor y/],
    [
      { ...plain, test: { x: tensor(4, 1, 2), y: tensor(2, 1, 2) } },
      /test\.x has shape \(4, 1, 2\); expected \(n_x, m, T_x\) = \(3, 1, 2\)/
    ],
    [
      { ...peepholes, test: { x: tensor(3, 1, 2), y: tensor(2, 1, 2) } },
      /test\.y has shape \(2, 1, 2\); expected \(n_y, m, T_x\) = \(0, 1, 2\)/
    ],
    [{ ...plain, test: { x: tensor(3, 1, 2), a: tensor(5, 1, 3) } }, /test\.a has shape/]
  ]
  for (const [model, message] of wrong) {
    t.throws(() => checkModel(model), { code: 'LSTM_ERR_INVALID_PARAMETER_SET', message }, String(message))
  }
})
