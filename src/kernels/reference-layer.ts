/**
 * A layer as the reference computes it: its arrays one behind the other as they came, every step src/lstm's own, in
 * float64, and states rounded to float32 where a step ends, as every kernel does.
 */
import { lstmCellForward } from '../lstm/cell.ts'
import { type GeneralParameters, generalCellForward } from '../lstm/general-cell.ts'
import { matrix, zeros } from '../lstm/matrix.ts'
import { defaultActivations } from '../lstm/model.ts'
import type { Parameters } from '../lstm/parameters.ts'
import { gateNames, type LayerRun, type LayerWeights, type PackedLayer } from './kernel.ts'
import { optionsOfLayer, withOptions } from './options.ts'
import { type Precision, roundRecurrent } from './precision.ts'
import { concatenate, fromRows, split, toRows } from './reference-rows.ts'

/** Packs any layer for the reference's code. */
export function packReferenceLayer(
  weights: LayerWeights,
  precision: Precision,
  allocate: (length: number) => Float32Array
): PackedLayer {
  const { n_x, n_a, n_h, Wf, bf, Wi, bi, Wc, bc, Wo, bo, Wp, peepholes } = roundRecurrent(weights, precision)
  const options = optionsOfLayer(weights)
  const more = [...(Wp ? [Wp] : []), ...(peepholes ? [peepholes.pf, peepholes.pi, peepholes.po] : [])]
  const memory = concatenate([Wf, bf, Wi, bi, Wc, bc, Wo, bo, ...more], allocate)
  return { n_x, n_a, n_h, kernel: 'reference', ...(options && { options }), precision: 'float32', memory }
}

/** Lengths of the arrays in the order in which they lie in memory. */
function referenceLengths({ n_x, n_a, n_h, options }: Omit<PackedLayer, 'memory'>): number[] {
  const gate = [n_a * (n_h + n_x), n_a]
  return [
    gate,
    gate,
    gate,
    gate,
    options?.projection ? [n_h * n_a] : [],
    options?.peepholes ? [n_a, n_a, n_a] : []
  ].flat()
}

export function unpackReferenceLayer(layer: PackedLayer): LayerWeights {
  const { n_x, n_a, n_h, options, memory } = layer
  const [Wf, bf, Wi, bi, Wc, bc, Wo, bo, ...more] = split(memory, referenceLengths(layer))
  const plain = { n_x, n_a, n_h, Wf, bf, Wi, bi, Wc, bc, Wo, bo }
  if (options === undefined) return plain
  const Wp = options.projection ? more.shift() : undefined
  const [pf, pi, po] = more
  return withOptions(plain, options, { Wp, peepholes: { pf, pi, po } })
}

/** Moves every run `steps` time steps forward. */
export function advanceReferenceLayer(layer: PackedLayer, runs: readonly LayerRun[], steps: number): void {
  const step = layer.options === undefined ? plainStep(layer) : generalStep(layer)
  for (const run of runs) for (const end = run.t + steps; run.t < end; ) stepRun(layer, step, run)
}

type Step = typeof generalCellForward extends (...args: infer A) => infer R
  ? (xt: A[0], a_prev: A[1], c_prev: A[2]) => R
  : never

/** One time step of one run: its active rows become the columns of the notation and come back as rows. */
function stepRun({ n_x, n_a, n_h }: PackedLayer, step: Step, run: LayerRun): void {
  const { m, t, x, a, c, gates } = run
  run.t = t + 1
  const rows = run.activeRows[t]
  if (rows === 0) return
  const result = step(fromRows(x, t * m, rows, n_x), fromRows(a, t * m, rows, n_h), fromRows(c, t * m, rows, n_a))
  toRows(result.a_next, a, (t + 1) * m)
  toRows(result.c_next, c, (t + 1) * m)
  for (const gate of gateNames) {
    const output = gates[gate]
    if (output !== undefined) toRows(result[gate], output, t * m)
  }
}

const plainCache = new WeakMap<PackedLayer, Parameters>()
const generalCache = new WeakMap<PackedLayer, GeneralParameters>()

/** The weights as float64 matrices are made once; the head that the cell wants to have is one of zeros. */
function plainStep(layer: PackedLayer): Step {
  let parameters = plainCache.get(layer)
  if (parameters === undefined) {
    parameters = { ...gateMatrices(layer, unpackReferenceLayer(layer)), Wy: zeros(1, layer.n_a), by: zeros(1, 1) }
    plainCache.set(layer, parameters)
  }
  const made = parameters
  return (xt, a_prev, c_prev) => {
    const { a_next, c_next, cache } = lstmCellForward(xt, a_prev, c_prev, made)
    return { a_next, c_next, ft: cache.ft, it: cache.it, cct: cache.cct, ot: cache.ot }
  }
}

function generalStep(layer: PackedLayer): Step {
  let parameters = generalCache.get(layer)
  if (parameters === undefined) {
    const weights = unpackReferenceLayer(layer)
    const { n_a, n_h } = layer
    const { Wp, peepholes, activations = defaultActivations, clip = Number.POSITIVE_INFINITY } = weights
    const column = (values: Float32Array) => matrix(n_a, 1, values)
    parameters = {
      ...gateMatrices(layer, weights),
      Wp: Wp && matrix(n_h, n_a, Wp),
      peepholes: peepholes && { pf: column(peepholes.pf), pi: column(peepholes.pi), po: column(peepholes.po) },
      activations,
      clip,
      input_forget: weights.input_forget ?? false
    }
    generalCache.set(layer, parameters)
  }
  const made = parameters
  return (xt, a_prev, c_prev) => generalCellForward(xt, a_prev, c_prev, made)
}

function gateMatrices({ n_x, n_a, n_h }: PackedLayer, { Wf, bf, Wi, bi, Wc, bc, Wo, bo }: LayerWeights) {
  const weights = (values: Float32Array) => matrix(n_a, n_h + n_x, values)
  const bias = (values: Float32Array) => matrix(n_a, 1, values)
  return {
    Wf: weights(Wf),
    bf: bias(bf),
    Wi: weights(Wi),
    bi: bias(bi),
    Wc: weights(Wc),
    bc: bias(bc),
    Wo: weights(Wo),
    bo: bias(bo)
  }
}
