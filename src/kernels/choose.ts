import type { Kernel } from './kernel.ts'
import { createReferenceKernel } from './reference.ts'
import { WasmKernel } from './wasm/kernel.ts'
import { createSharedMemory, SharedHeap } from './wasm/memory.ts'
import { availableBuilds } from './wasm/module.ts'

export type KernelSetting = 'auto' | 'wasm' | 'reference'

/** What the threads of a process share to run one kernel over the same memory. Crosses a thread boundary as it is. */
export type SharedKernel =
  | { readonly name: 'wasm'; readonly memory: WebAssembly.Memory }
  | { readonly name: 'reference' }

/**
 * Chooses the kernel of this process and makes what its threads share; called once a process.
 * @throws Error when the kernel that is asked for does not run here
 */
export function shareKernel(setting: KernelSetting): SharedKernel {
  const wasm = setting !== 'reference' && availableBuilds().length > 0
  if (setting === 'wasm' && !wasm) throw new Error('LSTM_KERNEL is wasm, but this engine has no WebAssembly SIMD')
  return wasm ? { name: 'wasm', memory: createSharedMemory() } : { name: 'reference' }
}

/**
 * This thread's kernel over what the process shares.
 * @param owner number of this thread, from 1; 0 when nobody will ask for what it leaves behind
 */
export function createKernel(shared: SharedKernel, owner = 0): Kernel {
  return shared.name === 'wasm' ? new WasmKernel({ memory: shared.memory, owner }) : createReferenceKernel()
}

/** For the thread that looks after the others: what becomes of the memory of one that died. */
export interface Estate {
  /** This memory stays, whatever becomes of the thread that took it. */
  adopt(memory: Float32Array): void
  /** Takes back what the dead thread had. @returns false when it has to be tried again a little later */
  recover(owner: number): boolean
}

export function createEstate(shared: SharedKernel): Estate {
  if (shared.name === 'wasm') return new SharedHeap(shared.memory)
  // each piece is memory of its own, which goes when nobody has it any more
  return { adopt: () => {}, recover: () => true }
}
