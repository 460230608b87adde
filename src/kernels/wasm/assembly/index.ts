/**
 * What the kernel calls. Addresses are bytes in the one shared memory, unsigned; everything is checked before the call.
 */
import { sigmoid, tanh } from './activations'
import { cell } from './cell'
import { advanceGeneral } from './general'
import { activateHead } from './head'
import { product } from './product'
import { listRows, Run } from './runs'
import { softmax } from './softmax'

/**
 * Moves all runs `steps` steps. First Wx·x + b of all their rows, one product; then, step by step, Wa·a_prev on top
 * of it and the state update. z and rowTable have room for the rows of all steps together.
 */
export function advance(
  n_x: usize,
  n_a: usize,
  packed: usize, // bias (blocks, 4, 4), Wx (blocks, n_x, 4, 4), Wa (blocks, n_a, 4, 4)
  runs: usize, // (runCount) of Run
  runCount: usize,
  steps: usize,
  rowTable: usize, // (rows of all steps)
  z: usize // (rows of all steps, blocks, 4, 4)
): void {
  const blocks = (n_a + 3) >> 2
  const zBytes: usize = blocks << 6
  const Wx = packed + zBytes
  const Wa = Wx + zBytes * n_x
  const xBytes: usize = n_x << 2
  const aBytes: usize = n_a << 2
  const end = runs + runCount * offsetof<Run>()

  let entry = rowTable
  for (let t: usize = 0; t < steps; t++) entry = listRows(runs, end, t, offsetof<Run>('x'), xBytes, entry)
  product(rowTable, (entry - rowTable) >> 2, n_x, Wx, blocks, packed, 0, z, zBytes)

  for (let t: usize = 0; t < steps; t++) {
    entry = listRows(runs, end, t, offsetof<Run>('a'), aBytes, rowTable)
    product(rowTable, (entry - rowTable) >> 2, n_a, Wa, blocks, z, zBytes, z, zBytes)

    for (let at = runs; at < end; at += offsetof<Run>()) {
      const run = changetype<Run>(at)
      const next = run.m * aBytes
      let row = t * next
      for (let r = load<u32>(run.active + t * 4); r > 0; r--) {
        cell(
          n_a,
          z,
          run.c + row,
          run.c + row + next,
          run.a + row + next,
          run.ft ? run.ft + row : 0,
          run.it ? run.it + row : 0,
          run.cct ? run.cct + row : 0,
          run.ot ? run.ot + row : 0
        )
        row += aBytes
        z += zBytes
      }
    }
  }
}

/** y = activation(Wy·a + by) of consecutive rows. */
export function predict(
  activation: u32,
  n_a: usize,
  n_y: usize,
  packed: usize, // by (panels, 4, 4), Wy (panels, n_a, 4, 4)
  a: usize, // (rows, n_a)
  y: usize, // (rows, n_y)
  rows: usize,
  rowTable: usize, // (rows)
  z: usize // (rows, panels, 4, 4)
): void {
  const panels = (n_y + 15) >> 4
  const zBytes: usize = panels << 6
  for (let r: usize = 0; r < rows; r++) store<u32>(rowTable + r * 4, <u32>(a + r * (n_a << 2)))
  product(rowTable, rows, n_a, packed + zBytes, panels, packed, 0, z, zBytes)
  for (let r: usize = 0; r < rows; r++) {
    activateHead(activation, n_y, z, y)
    z += zBytes
    y += n_y << 2
  }
}

/** σ and tanh of `count` values, a multiple of 4, for the tests of their error. */
export function sigmoidOf(count: usize, x: usize, y: usize): void {
  for (let at: usize = 0; at < count << 2; at += 16) v128.store(y + at, sigmoid(v128.load(x + at)))
}

export function tanhOf(count: usize, x: usize, y: usize): void {
  for (let at: usize = 0; at < count << 2; at += 16) v128.store(y + at, tanh(v128.load(x + at)))
}

export { advanceGeneral, softmax }
