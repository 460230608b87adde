import type { Kernel } from './kernel.ts'
import { createSharedMemory } from './memory.ts'
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

/** This thread's kernel over what the process shares. */
export function createKernel(shared: SharedKernel): Kernel {
  switch (shared.name) {
    case 'native':
      return new NativeKernel(shared)
    case 'wasm':
      return new WasmKernel({ memory: shared.memory, build: shared.variant })
    case 'reference':
      return createReferenceKernel()
  }
}
