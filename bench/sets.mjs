// Random parameter sets and inputs, the same in every run, and what the reference kernel makes of them.
import { createReferenceKernel } from '../dist/src/kernels/reference.js'
import { writeNpz } from '../dist/src/parameters/files/npz.js'

/** Numbers in [-scale, scale) of a linear congruential generator (Numerical Recipes' constants). */
export function randomValues(length, scale, seed) {
  let state = seed >>> 0
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state / 2 ** 31 - 1) * scale
  })
}

/** A layer's weights with n_x = n_a = n, scaled so that the gates neither saturate nor vanish. */
export function randomLayer(n) {
  const scale = 1 / Math.sqrt(n)
  const weights = { n_x: n, n_a: n, n_h: n }
  for (const [i, gate] of ['f', 'i', 'c', 'o'].entries()) {
    weights[`W${gate}`] = randomValues(n * 2 * n, scale, 10 + i)
    weights[`b${gate}`] = randomValues(n, scale, 20 + i)
  }
  return weights
}

const inBase64 = (shape, { buffer, byteOffset, byteLength }) => ({
  shape,
  data: Buffer.from(buffer, byteOffset, byteLength).toString('base64')
})

/** The ten arrays of a set, [name, shape, values], with a small head: nothing here asks for predictions. */
function arraysOf(layer) {
  const { n_x, n_a } = layer
  const arrays = [
    ['Wy', [2, n_a], randomValues(2 * n_a, 1, 30)],
    ['by', [2, 1], randomValues(2, 1, 31)]
  ]
  for (const gate of ['f', 'i', 'c', 'o']) {
    arrays.push([`W${gate}`, [n_a, n_a + n_x], layer[`W${gate}`]], [`b${gate}`, [n_a, 1], layer[`b${gate}`]])
  }
  return arrays
}

/** Bodies that put a layer into the service. */
export const putJson = (layer) =>
  JSON.stringify(Object.fromEntries(arraysOf(layer).map(([name, shape, values]) => [name, inBase64(shape, values)])))
export const putNpz = (layer) => writeNpz(arraysOf(layer).map(([name, shape, data]) => [name, { shape, data }]))

/** The buffers of a run over x (T_x, m, n_x) from zero states, in memory of `kernel`. */
export function newRun(kernel, layer, x, m, T_x) {
  const states = (T_x + 1) * m * layer.n_a
  const run = {
    m,
    T_x,
    x: kernel.allocate(x.length),
    a: kernel.allocate(states),
    c: kernel.allocate(states),
    gates: {},
    activeRows: new Int32Array(T_x).fill(m),
    t: 0
  }
  run.x.set(x)
  return run
}

/** The hidden states (T_x, m, n_a) of the reference kernel. */
export function referenceStates(layer, x, m, T_x) {
  const kernel = createReferenceKernel()
  const run = newRun(kernel, layer, x, m, T_x)
  kernel.advance(kernel.packLayer(layer), [run], T_x)
  return Float32Array.from(run.a.subarray(m * layer.n_a))
}

/** The largest |a[i] - b[i]| over the shorter of the two. */
export function largestDifference(a, b) {
  let largest = 0
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = Math.abs(a[i] - b[i])
    if (!(difference <= largest)) largest = difference
  }
  return largest
}
