/**
 * The cell with all that a layer may have beyond the plain one; src/lstm/model.ts has the equations. What is chosen here
 * is the same for all units, so that the branches are foreseen; they cost little beside the products of a step.
 */
import { sigmoid, tanh } from './activations'
import { loadTail, madd, storeSome } from './arithmetic'

// the numbers of src/lstm/model.ts
const SIGMOID: u32 = 0
const TANH: u32 = 1
const RELU: u32 = 2
const HARD_SIGMOID: u32 = 3

/** A layer in the table, 20 words, as src/kernels/layer-record.ts writes it; 0 for what it does not have. */
@unmanaged
export class GeneralLayer {
  precision: u32 // always that of float32 here
  n_x: usize
  n_a: usize
  n_h: usize
  weights: usize // bias (blocks, 4, 4), Wx (blocks, n_x, 4, 4), Wa (blocks, n_h, 4, 4)
  peepholes: usize // (blocks, 4, 4), pf, pi, 0, po of 4 units
  projection: usize // zeros (panels, 4, 4), then Wp (panels, n_a, 4, 4)
  hidden: usize // room for ot∘output(c_next) of the rows of a step: (rows, blocks, 4)
  projected: usize // and for the projection's outputs: (rows, panels, 4, 4)
  input_forget: u32
  clip: f32 // infinity for none
  gate: u32
  gateAlpha: f32
  gateBeta: f32
  candidate: u32
  candidateAlpha: f32
  candidateBeta: f32
  output: u32
  outputAlpha: f32
  outputBeta: f32
}

/** NaN stays: pmin and pmax return their first operand when it is NaN. */
// @ts-ignore: decorator
@inline
function bounded(x: v128, low: f32, high: f32): v128 {
  return f32x4.pmin(f32x4.pmax(x, f32x4.splat(low)), f32x4.splat(high))
}

function activate(name: u32, alpha: f32, beta: f32, z: v128): v128 {
  if (name == SIGMOID) return sigmoid(z)
  if (name == TANH) return tanh(z)
  if (name == RELU) return f32x4.pmax(z, f32x4.splat(0))
  if (name == HARD_SIGMOID) return bounded(madd(f32x4.splat(alpha), z, f32x4.splat(beta)), 0, 1)
  return z
}

/** `at` is 0 without peepholes. */
// @ts-ignore: decorator
@inline
function preactivation(z: v128, at: usize, c: v128, clip: f32): v128 {
  return bounded(at ? madd(v128.load(at), c, z) : z, -clip, clip)
}

/** As cell(). a_next takes ot∘output(c_next), before the projection where there is one. */
export function generalCell(
  layer: GeneralLayer,
  z: usize, // (ceil(n_a / 4), 4, 4): sums f, i, c, o of 4 units
  c_prev: usize, // (n_a)
  c_next: usize, // (n_a)
  a_next: usize, // (n_a)
  ft: usize, // (n_a) or 0
  it: usize,
  cct: usize,
  ot: usize
): void {
  const clip = layer.clip
  let p = layer.peepholes
  let at: usize = 0
  for (let left: isize = layer.n_a; left > 0; left -= 4) {
    const count = <usize>left
    const before = count >= 4 ? v128.load(c_prev + at) : loadTail(c_prev + at, count)
    const zi = preactivation(v128.load(z, 16), p ? p + 16 : 0, before, clip)
    const i = activate(layer.gate, layer.gateAlpha, layer.gateBeta, zi)
    let f: v128
    if (layer.input_forget) {
      f = f32x4.sub(f32x4.splat(1), i)
    } else {
      const zf = preactivation(v128.load(z), p, before, clip)
      f = activate(layer.gate, layer.gateAlpha, layer.gateBeta, zf)
    }
    const zc = bounded(v128.load(z, 32), -clip, clip)
    const cc = activate(layer.candidate, layer.candidateAlpha, layer.candidateBeta, zc)
    const c = madd(f, before, f32x4.mul(i, cc))
    const zo = preactivation(v128.load(z, 48), p ? p + 48 : 0, c, clip)
    const o = activate(layer.gate, layer.gateAlpha, layer.gateBeta, zo)
    const a = f32x4.mul(o, activate(layer.output, layer.outputAlpha, layer.outputBeta, c))
    storeSome(c_next + at, c, count)
    storeSome(a_next + at, a, count)
    if (ft) storeSome(ft + at, f, count)
    if (it) storeSome(it + at, i, count)
    if (cct) storeSome(cct + at, cc, count)
    if (ot) storeSome(ot + at, o, count)
    if (p) p += 64
    z += 64
    at += 16
  }
}
