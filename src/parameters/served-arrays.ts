import { LstmError } from '../errors.ts'
import { forEachParameter } from '../lstm/dimensions.ts'
import { directionsOf, type Model } from '../lstm/model.ts'
import type { ParameterArrays } from './parameter-set.ts'

/**
 * The ten arrays of a model that the engine runs today: one forward layer with a softmax head.
 * @throws LSTM_ERR_UNSUPPORTED_MODEL naming all that it does not run
 */
export function servedArrays(model: Model): ParameterArrays {
  const { layers, head } = model
  const parts = notServed(model)
  const forward = layers[0].forward
  if (parts.length > 0 || forward === undefined || head === undefined) {
    throw new LstmError('LSTM_ERR_UNSUPPORTED_MODEL', [parts])
  }
  const { n_x, n_a } = forward
  const weights = (data: Float32Array) => ({ shape: [n_a, n_a + n_x], data })
  const bias = (data: Float32Array) => ({ shape: [n_a, 1], data })
  return {
    Wf: weights(forward.Wf),
    bf: bias(forward.bf),
    Wi: weights(forward.Wi),
    bi: bias(forward.bi),
    Wc: weights(forward.Wc),
    bc: bias(forward.bc),
    Wo: weights(forward.Wo),
    bo: bias(forward.bo),
    Wy: { shape: [head.n_y, n_a], data: head.Wy },
    by: { shape: [head.n_y, 1], data: head.by }
  }
}

/** The model that ten arrays are. */
export function modelOfArrays(arrays: ParameterArrays): Model {
  const [n_a, width] = arrays.Wf.shape
  const { Wy, by, ...rest } = forEachParameter((name) => arrays[name].data)
  return {
    layers: [{ forward: { n_x: width - n_a, n_a, n_h: n_a, ...rest } }],
    head: { n_y: arrays.Wy.shape[0], Wy, by, activation: 'softmax' }
  }
}

/** All that a model has and the engine does not run, in words. */
export function notServed({ layers, head, test }: Model): string[] {
  const parts = new Set<string>()
  if (layers.length > 1) parts.add(`${layers.length} layers (one is)`)
  for (const layer of layers) {
    if (layer.reverse !== undefined)
      parts.add(layer.forward === undefined ? 'a reverse layer' : 'a bidirectional layer')
    for (const [, { Wp, peepholes, activations, clip, input_forget }] of directionsOf(layer)) {
      if (Wp !== undefined) parts.add('a projection')
      if (peepholes !== undefined) parts.add('peepholes')
      if (activations !== undefined) parts.add('activations other than sigmoid and tanh')
      if (clip !== undefined) parts.add('clip')
      if (input_forget === true) parts.add('input_forget')
    }
  }
  if (head === undefined) parts.add('a model without a head')
  else if (head.activation !== 'softmax') parts.add(`a head with activation ${head.activation} (softmax is)`)
  if (test !== undefined) parts.add('a test vector')
  return [...parts]
}
