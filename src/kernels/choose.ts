import type { Kernel } from './kernel.ts'
import { createSharedMemory, SharedHeap } from './memory.ts'
import { loadVariants, type VariantName } from './native/binary.ts'
import { NativeKernel } from './native/kernel.ts'
import { createReferenceKernel } from './reference.ts'
import { WasmKernel } from './wasm/kernel.ts'
import { availableBuilds, type WasmBuild } from './wasm/module.ts'

/** The kernel that was asked for does not run here; the message says what to do about it. Known by its name. */
class KernelUnavailableError extends Error {
  override readonly name = 'KernelUnavailableError'
}

export type KernelSetting = 'auto' | 'native' | 'wasm' | 'reference'

/**
 * What the threads of a process share to run one kernel over the same memory; `variant` is the one of its builds that
 * all of them use. Crosses a thread boundary as it is.
 */
export type SharedKernel =
  | { readonly name: 'native'; readonly variant: VariantName; readonly memory: WebAssembly.Memory }
  | { readonly name: 'wasm'; readonly variant: WasmBuild; readonly memory: WebAssembly.Memory }
  | { readonly name: 'reference'; readonly variant: 'float64' }

/**
 * Chooses the kernel of this process and makes what its threads share; called once a process.
 * @throws KernelUnavailableError
 */
export function shareKernel(setting: KernelSetting): SharedKernel {
  if (setting === 'native') {
    try {
      return { name: 'native', variant: loadVariants()[0].name, memory: createSharedMemory() }
    } catch (error) {
      throw new KernelUnavailableError(`LSTM_KERNEL is native, but ${(error as Error).message}`)
    }
  }
  const [variant] = setting === 'auto' ? NativeKernel.variants() : []
  if (variant !== undefined) return { name: 'native', variant, memory: createSharedMemory() }
  const [build] = setting === 'reference' ? [] : availableBuilds()
  if (build !== undefined) return { name: 'wasm', variant: build, memory: createSharedMemory() }
  if (setting === 'wasm') {
    throw new KernelUnavailableError('LSTM_KERNEL is wasm, but this engine has no WebAssembly SIMD')
  }
  return { name: 'reference', variant: 'float64' }
}

/**
 * This thread's kernel over what the process shares.
 * @param owner number of this thread, from 1; 0 when nobody will ask for what it leaves behind
 */
export function createKernel(shared: SharedKernel, owner = 0): Kernel {
  switch (shared.name) {
    case 'native':
      return new NativeKernel({ memory: shared.memory, variant: shared.variant, owner })
    case 'wasm':
      return new WasmKernel({ memory: shared.memory, build: shared.variant, owner })
    case 'reference':
      return createReferenceKernel()
  }
}

/** For the thread that looks after the others: what becomes of the memory of one that died. */
export interface Estate {
  /** This memory stays, whatever becomes of the thread that took it. */
  adopt(memory: Float32Array): void
  /** Takes back what the dead thread had. @returns false when it has to be tried again a little later */
  recover(owner: number): boolean
}

export function createEstate(shared: SharedKernel): Estate {
  if ('memory' in shared) return new SharedHeap(shared.memory)
  // each piece is memory of its own, which goes when nobody has it any more
  return { adopt: () => {}, recover: () => true }
}
