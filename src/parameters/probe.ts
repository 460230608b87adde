import type { Kernel, LayerRun, PackedHead, PackedLayer } from '../kernels/kernel.ts'

/** How far something lies from what it should be, over many values. */
interface Deviation {
  readonly largest: number
  readonly mean: number
}

export interface Deviations {
  readonly a: Deviation
  readonly y: Deviation
}

const COLUMNS = 2
const STEPS = 32

/**
 * What smaller weights change, on a fixed probe: 2 sequences of 32 steps, uniform from -1 to 1, from states of zeros.
 * Compares the hidden states and the predictions of all steps.
 */
export function measureDeviations(
  kernel: Kernel,
  head: PackedHead,
  exact: PackedLayer,
  reduced: PackedLayer
): Deviations {
  const arrays: Float32Array[] = []
  const allocate = (length: number): Float32Array => {
    const array = kernel.allocate(length)
    arrays.push(array)
    return array
  }
  try {
    const [there, here] = [exact, reduced].map((layer) => {
      const { n_x, n_a } = layer
      const run: LayerRun = {
        m: COLUMNS,
        T_x: STEPS,
        x: probe(allocate(STEPS * COLUMNS * n_x)),
        a: allocate((STEPS + 1) * COLUMNS * n_a),
        c: allocate((STEPS + 1) * COLUMNS * n_a),
        gates: {},
        activeRows: new Int32Array(STEPS).fill(COLUMNS),
        t: 0
      }
      kernel.advance(layer, [run], STEPS)
      const y = allocate(STEPS * COLUMNS * head.n_y)
      kernel.predict(head, run.a, COLUMNS, y, 0, STEPS * COLUMNS)
      return { a: run.a.subarray(COLUMNS * n_a), y }
    })
    return { a: deviation(here.a, there.a), y: deviation(here.y, there.y) }
  } finally {
    for (const array of arrays) kernel.release(array)
  }
}

/** Uniform from -1 to 1, always the same (a linear congruential generator, Numerical Recipes' constants). */
function probe(x: Float32Array): Float32Array {
  let state = 1
  for (let i = 0; i < x.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    x[i] = state / 2 ** 31
  }
  return x
}

function deviation(got: Float32Array, exact: Float32Array): Deviation {
  let largest = 0
  let sum = 0
  for (let i = 0; i < got.length; i++) {
    const difference = Math.abs(got[i] - exact[i])
    largest = Math.max(largest, difference)
    sum += difference
  }
  return { largest, mean: sum / got.length }
}
