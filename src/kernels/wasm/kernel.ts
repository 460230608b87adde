/**
 * The WASM kernel: 128-bit SIMD, from a plain `npm ci`, on every machine.
 *
 * Against the reference: float32 in place of float64; Wx·x + b taken out of the recurrence, as one product over a
 * block of steps; weights in panels that hold the four gates of 4 units side by side; σ, tanh and softmax from
 * polynomials. Takes every shape: n_x, n_a, n_y, m and T_x from 1, any number of runs in a call.
 *
 * Measured on one core (Zen 3, 50 GFLOP/s at most with 128-bit FMA), GFLOP/s for (n_x = n_a, m): Node 20, which has no
 * FMA, 27 at (128, 1), 25 at (512, 1), 29 at (128, 8), 30 at (512, 32); Node 24 to 35 and 37 in quiet moments. That is
 * 0.8 to 0.9 of onnxruntime-node's speed at m = 1 from n_a 128 on, 0.35 to 0.55 at m ≥ 8 (it has 256-bit vectors),
 * and 2 to 8 times its speed up to n_a 32. `npm run bench -- --only kernels` measures it anew.
 */
import { AddressedKernel } from '../addressed.ts'
import { createSharedMemory } from '../memory.ts'
import { availableBuilds, instantiate, type WasmBuild } from './module.ts'

export interface WasmKernelOptions {
  /** From `createSharedMemory`, the same in all threads; without it the kernel makes its own. */
  readonly memory?: WebAssembly.Memory
  /** Number of this thread, from 1, for its memory to be taken back when it dies. */
  readonly owner?: number
  /** Without it: the best that this engine takes. */
  readonly build?: WasmBuild
  /** Room for pre-activations: 16 bytes for each unit, row and step of a block. */
  readonly scratchBytes?: number
}

export class WasmKernel extends AddressedKernel {
  readonly build: WasmBuild

  constructor({ memory = createSharedMemory(), owner = 0, build, scratchBytes = 2 ** 21 }: WasmKernelOptions = {}) {
    const chosen = build ?? availableBuilds()[0]
    if (chosen === undefined) throw new Error('this engine has no WebAssembly SIMD')
    const { advance, advanceGeneral, predict } = instantiate(chosen, memory)
    super(
      'wasm',
      memory,
      {
        lanes: 4,
        precisions: ['float32'],
        advance: (_precision, ...rest) => advance(...rest),
        advanceGeneral,
        predict
      },
      scratchBytes,
      owner
    )
    this.build = chosen
  }
}
