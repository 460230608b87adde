import { directionsOf, type Model } from '../../lstm/model.ts'
import type { NamedArray } from '../files/array.ts'
import { toPytorch } from '../importers/gates.ts'
import { testArrays } from '../notation-arrays.ts'

/**
 * The arrays as a state dict of a module with `self.lstm = nn.LSTM(…)` and `self.head = nn.Linear(…)`. Peepholes, which
 * PyTorch does not have, are `peephole_f_l0` and so on.
 */
export function pytorchArrays(model: Model): [string, NamedArray][] {
  const arrays: [string, NamedArray][] = []
  for (const [k, layer] of model.layers.entries()) {
    for (const [name, weights] of directionsOf(layer)) {
      const { n_a, n_h, n_x, Wp, peepholes } = weights
      const suffix = `_l${k}${name === 'reverse' ? '_reverse' : ''}`
      const { weight_ih, weight_hh, bias_ih, bias_hh } = toPytorch(weights)
      arrays.push([`lstm.weight_ih${suffix}`, { shape: [4 * n_a, n_x], data: weight_ih }])
      arrays.push([`lstm.weight_hh${suffix}`, { shape: [4 * n_a, n_h], data: weight_hh }])
      arrays.push([`lstm.bias_ih${suffix}`, { shape: [4 * n_a], data: bias_ih }])
      arrays.push([`lstm.bias_hh${suffix}`, { shape: [4 * n_a], data: bias_hh }])
      if (Wp !== undefined) arrays.push([`lstm.weight_hr${suffix}`, { shape: [n_h, n_a], data: Wp }])
      if (peepholes === undefined) continue
      for (const gate of ['f', 'i', 'o'] as const) {
        arrays.push([`lstm.peephole_${gate}${suffix}`, { shape: [n_a], data: peepholes[`p${gate}`] }])
      }
    }
  }
  if (model.head !== undefined) {
    const { n_y, Wy, by } = model.head
    arrays.push(['head.weight', { shape: [n_y, Wy.length / n_y], data: Wy }], ['head.bias', { shape: [n_y], data: by }])
  }
  return [...arrays, ...testArrays(model)]
}
