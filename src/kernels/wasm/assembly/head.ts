/** What a head makes of one row of its outputs. */
import { sigmoid } from './activations'
import { storeTail } from './arithmetic'
import { softmax } from './softmax'

// the numbers of src/lstm/model.ts
const SOFTMAX: u32 = 0
const SIGMOID: u32 = 1

/** y = softmax(z), σ(z) or z. */
export function activateHead(
  activation: u32,
  n_y: usize,
  z: usize, // (ceil(n_y / 4), 4), overwritten; lanes behind n_y hold the lowest finite float
  y: usize // (n_y)
): void {
  if (activation == SOFTMAX) {
    softmax(n_y, z, y)
    return
  }
  if (activation != SIGMOID) {
    memory.copy(y, z, n_y << 2)
    return
  }
  for (; n_y >= 4; n_y -= 4) {
    v128.store(y, sigmoid(v128.load(z)))
    z += 16
    y += 16
  }
  if (n_y) storeTail(y, sigmoid(v128.load(z)), n_y)
}
