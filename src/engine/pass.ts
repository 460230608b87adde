import type { LayerRun, PackedLayer } from '../kernels/kernel.ts'

/** Hidden states of a layer that has a reverse direction, at the time steps of the input. */
export interface Joined {
  /** The forward direction, where there is one; the reverse one is the pass itself. */
  readonly forward: Pick<Pass, 'layer' | 'run'> | undefined
  /** [forward; reverse] of every step. (T_x, m, width) */
  readonly into: Float32Array
}

/** One layer in one direction on its way through all time steps. */
export interface Pass {
  readonly layer: PackedLayer
  readonly run: LayerRun
  /** A reverse direction runs over its rows backwards: run.x is made of these, each from its last real step on. (T_x, m, n_x) */
  readonly mirrored?: Float32Array | undefined
  /** What is to be made of the states when the pass is over, for whatever reads them as a sequence. */
  readonly joined?: Joined | undefined
}
