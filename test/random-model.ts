import type { Activation, DirectionWeights, Model, ModelLayer } from '../src/lstm/model.ts'
import { flatten, random } from './tensors.ts'

/** Models with random weights, for tests. */

export interface RandomLayer {
  readonly n_a: number
  readonly n_p?: number
  readonly directions?: readonly ('forward' | 'reverse')[]
  readonly peepholes?: boolean
  readonly options?: Pick<DirectionWeights, 'activations' | 'clip' | 'input_forget'>
}

export function randomModel(
  seed: number,
  n_x: number,
  layers: readonly RandomLayer[],
  head?: { n_y: number; activation: 'softmax' | 'sigmoid' | 'linear' }
): Model {
  let next = seed * 1000
  const values = (count: number) => Float32Array.from(flatten(random(next++, [count], 0.7)))
  let width = n_x
  const stack = layers.map(({ n_a, n_p, directions = ['forward'], peepholes, options }): ModelLayer => {
    const below = width
    const n_h = n_p ?? n_a
    const one = (): DirectionWeights => {
      const [Wf, Wi, Wc, Wo] = [0, 1, 2, 3].map(() => values(n_a * (n_h + below)))
      const [bf, bi, bc, bo] = [0, 1, 2, 3].map(() => values(n_a))
      bf[0] = -0 // a zero has a sign, and keeps it
      return {
        ...{ n_x: below, n_a, n_h, Wf, Wi, Wc, Wo, bf, bi, bc, bo },
        ...(n_p === undefined ? {} : { Wp: values(n_h * n_a) }),
        ...(peepholes ? { peepholes: { pf: values(n_a), pi: values(n_a), po: values(n_a) } } : {}),
        ...options
      }
    }
    width = n_h * directions.length
    return Object.fromEntries(directions.map((name) => [name, one()]))
  })
  return {
    layers: stack,
    ...(head === undefined ? {} : { head: { ...head, Wy: values(head.n_y * width), by: values(head.n_y) } })
  }
}

const both = ['forward', 'reverse'] as const
const hard: Activation = { name: 'hard_sigmoid', alpha: 1 / 6, beta: 0.5 }

/** One of each kind. */
export const randomModels: Readonly<Record<string, Model>> = {
  plain: randomModel(1, 3, [{ n_a: 5 }], { n_y: 2, activation: 'softmax' }),
  headless: randomModel(2, 1, [{ n_a: 1 }]),
  widths: randomModel(3, 4, [{ n_a: 3 }, { n_a: 7 }, { n_a: 2, directions: both }], { n_y: 1, activation: 'linear' }),
  bidirectional: randomModel(
    4,
    2,
    [
      { n_a: 3, directions: both },
      { n_a: 3, directions: both }
    ],
    { n_y: 3, activation: 'sigmoid' }
  ),
  reverse: randomModel(5, 2, [{ n_a: 3, directions: ['reverse'] }, { n_a: 4 }]),
  projection: randomModel(
    6,
    5,
    [
      { n_a: 8, n_p: 3, directions: both },
      { n_a: 8, n_p: 3 }
    ],
    { n_y: 2, activation: 'softmax' }
  ),
  peepholes: randomModel(7, 3, [
    { n_a: 4, peepholes: true, options: { clip: 0.3 } },
    { n_a: 4, directions: both, peepholes: true }
  ]),
  activations: randomModel(
    8,
    3,
    [
      {
        n_a: 4,
        directions: both,
        options: {
          activations: { gate: hard, candidate: { name: 'relu' }, output: { name: 'linear' } },
          input_forget: true
        }
      }
    ],
    { n_y: 2, activation: 'softmax' }
  )
}
