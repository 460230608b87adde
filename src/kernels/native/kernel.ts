/**
 * The native kernel: C++ for the vectors that the processor has, where `npm ci` found a compiler.
 *
 * Against the WASM kernel: vectors of 16 (AVX-512), 8 (AVX2) or 4 floats, more accumulators, and the state update of a
 * panel right behind its product. Packing, checks, memory and the table of runs are the same. Takes every shape.
 */
import { AddressedKernel } from '../addressed.ts'
import { createSharedMemory } from '../memory.ts'
import { precisions } from '../precision.ts'
import { loadVariants, type VariantName } from './binary.ts'

export interface NativeKernelOptions {
  /** From `createSharedMemory`, the same in all threads; without it the kernel makes its own. */
  readonly memory?: WebAssembly.Memory
  /** Number of this thread, from 1, for its memory to be taken back when it dies. */
  readonly owner?: number
  /** Without it: the best that this processor runs. */
  readonly variant?: VariantName
  /** Room for pre-activations: 16 bytes for each unit, row and step of a block. */
  readonly scratchBytes?: number
}

export class NativeKernel extends AddressedKernel {
  readonly variant: VariantName
  readonly allFinite: (values: Float32Array) => boolean
  readonly copyFinite: (values: Float32Array, target: Float32Array) => boolean

  /** @throws Error when the binary or the variant does not run here */
  constructor({ memory = createSharedMemory(), owner = 0, variant, scratchBytes = 2 ** 21 }: NativeKernelOptions = {}) {
    const chosen = loadVariants().find(({ name }) => variant === undefined || name === variant)
    if (chosen === undefined) throw new Error(`this processor does not run the native kernel's variant ${variant}`)
    const view = new Uint8Array(memory.buffer, 0, 64) // the memory grows and never moves
    const { advance, advanceGeneral, advanceShare, predict, allFinite, copyFinite } = chosen
    super(
      'native',
      memory,
      {
        lanes: chosen.lanes,
        precisions,
        advance: (...numbers) => advance(view, ...numbers),
        advanceGeneral: (...numbers) => advanceGeneral(view, ...numbers),
        advanceShare: (...numbers) => advanceShare(view, ...numbers),
        predict: (...numbers) => predict(view, ...numbers)
      },
      scratchBytes,
      owner
    )
    this.variant = chosen.name
    this.allFinite = allFinite
    this.copyFinite = copyFinite
  }

  /** The variants that run here, the best one first; none where there is no binary. */
  static variants(): VariantName[] {
    try {
      return loadVariants().map(({ name }) => name)
    } catch {
      return []
    }
  }
}
