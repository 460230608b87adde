/**
 * Activation and state update of one row: the four pre-activations of a unit lie side by side, so they meet in
 * registers here. A gate is written when its address is not 0.
 */
import { sigmoid, tanh } from './activations'
import { loadTail, madd, storeSome, storeTail } from './arithmetic'

export function cell(
  n_a: usize,
  z: usize, // (ceil(n_a / 4), 4, 4): pre-activations f, i, c, o of 4 units
  c_prev: usize, // (n_a)
  c_next: usize, // (n_a)
  a_next: usize, // (n_a)
  ft: usize, // (n_a) or 0
  it: usize,
  cct: usize,
  ot: usize
): void {
  const gates = ft | it | cct | ot
  for (let at: usize = 0; n_a; at += 16) {
    const f = sigmoid(v128.load(z))
    const i = sigmoid(v128.load(z, 16))
    const cc = tanh(v128.load(z, 32))
    const o = sigmoid(v128.load(z, 48))
    const before = n_a >= 4 ? v128.load(c_prev + at) : loadTail(c_prev + at, n_a)
    const c = madd(f, before, f32x4.mul(i, cc))
    const a = f32x4.mul(o, tanh(c))
    if (gates) {
      if (ft) storeSome(ft + at, f, n_a)
      if (it) storeSome(it + at, i, n_a)
      if (cct) storeSome(cct + at, cc, n_a)
      if (ot) storeSome(ot + at, o, n_a)
    }
    if (n_a < 4) {
      storeTail(c_next + at, c, n_a)
      storeTail(a_next + at, a, n_a)
      return
    }
    v128.store(c_next + at, c)
    v128.store(a_next + at, a)
    n_a -= 4
    z += 64
  }
}
