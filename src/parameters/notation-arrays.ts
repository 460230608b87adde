import { directionsOf, type Model } from '../lstm/model.ts'
import type { NamedArray } from './files/array.ts'

/** The names under which a file carries a test vector. */
export const testNames = { x: 'test.x', a: 'test.a', y: 'test.y' } as const

/** Whether the ten arrays of the notation say everything: one forward layer as it is usual, and a softmax head. */
export function isTenArrays({ layers, head, test }: Model): boolean {
  const [{ forward, reverse }] = layers
  if (layers.length > 1 || forward === undefined || reverse !== undefined || test !== undefined) return false
  const { Wp, peepholes, activations, clip, input_forget } = forward
  const usual = [Wp, peepholes, activations, clip, input_forget].every((option) => option === undefined)
  return usual && head?.activation === 'softmax'
}

/** The ten arrays where they say everything, else those of a stack: `layers.0.forward.Wf` to `head.by`, `test.x`. */
export function notationArrays(model: Model): [string, NamedArray][] {
  const { layers, head } = model
  const ten = isTenArrays(model)
  const arrays: [string, NamedArray][] = []
  for (const [k, layer] of layers.entries()) {
    for (const [name, weights] of directionsOf(layer)) {
      const { n_a, n_h, n_x, Wp, peepholes } = weights
      const prefix = ten ? '' : `layers.${k}.${name}.`
      for (const gate of ['f', 'i', 'c', 'o'] as const) {
        arrays.push([`${prefix}W${gate}`, { shape: [n_a, n_h + n_x], data: weights[`W${gate}`] }])
        arrays.push([`${prefix}b${gate}`, { shape: [n_a, 1], data: weights[`b${gate}`] }])
      }
      if (Wp !== undefined) arrays.push([`${prefix}Wp`, { shape: [n_h, n_a], data: Wp }])
      for (const [peephole, data] of Object.entries(peepholes ?? {}))
        arrays.push([prefix + peephole, { shape: [n_a], data }])
    }
  }
  if (head !== undefined) {
    const { n_y, Wy, by } = head
    arrays.push([ten ? 'Wy' : 'head.Wy', { shape: [n_y, Wy.length / n_y], data: Wy }])
    arrays.push([ten ? 'by' : 'head.by', { shape: [n_y, 1], data: by }])
  }
  return [...arrays, ...testArrays(model)]
}

/** The arrays of a model's test vector. */
export function testArrays({ test }: Model): [string, NamedArray][] {
  if (test === undefined) return []
  return (['x', 'a', 'y'] as const).flatMap((name): [string, NamedArray][] => {
    const tensor = test[name]
    return tensor === undefined ? [] : [[testNames[name], tensor]]
  })
}
