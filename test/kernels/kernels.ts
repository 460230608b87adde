/** Every kernel that runs here, each of its builds by itself: the tests go over all of them. */
import type { AddressedKernel } from '../../src/kernels/addressed.ts'
import type { Kernel } from '../../src/kernels/kernel.ts'
import { loadVariants } from '../../src/kernels/native/binary.ts'
import { NativeKernel } from '../../src/kernels/native/kernel.ts'
import { createReferenceKernel } from '../../src/kernels/reference.ts'
import { WasmKernel } from '../../src/kernels/wasm/kernel.ts'
import { availableBuilds, instantiate } from '../../src/kernels/wasm/module.ts'
import { guardPieces } from './red-zones.ts'

guardPieces()

interface Options {
  readonly memory?: WebAssembly.Memory
  readonly scratchBytes?: number
}

/** The functions whose error is measured, on addresses in a memory. */
export interface Activations {
  sigmoidOf(count: number, x: number, y: number): void
  tanhOf(count: number, x: number, y: number): void
  softmax(n_y: number, z: number, y: number): void
}

export interface KernelUnderTest {
  readonly title: string
  readonly create: () => Kernel
}

export interface AddressedUnderTest extends KernelUnderTest {
  readonly create: (options?: Options) => AddressedKernel
  readonly activations: (memory: WebAssembly.Memory) => Activations
}

export const addressedKernels: readonly AddressedUnderTest[] = [
  ...availableBuilds().map((build) => ({
    title: `wasm ${build}`,
    create: (options: Options = {}) => new WasmKernel({ ...options, build }),
    activations: (memory: WebAssembly.Memory) => instantiate(build, memory)
  })),
  ...NativeKernel.variants().map((variant) => ({
    title: `native ${variant}`,
    create: (options: Options = {}) => new NativeKernel({ ...options, variant }),
    activations: (memory: WebAssembly.Memory) => {
      const { sigmoidOf, tanhOf, softmax } = loadVariants().find(({ name }) => name === variant)!
      const view = new Uint8Array(memory.buffer)
      return {
        sigmoidOf: (count: number, x: number, y: number) => sigmoidOf(view, count, x, y),
        tanhOf: (count: number, x: number, y: number) => tanhOf(view, count, x, y),
        softmax: (n_y: number, z: number, y: number) => softmax(view, n_y, z, y)
      }
    }
  }))
]

export const kernels: readonly KernelUnderTest[] = [
  { title: 'reference', create: createReferenceKernel },
  ...addressedKernels
]

/** Why the native kernel is not among them. */
export const nativeMissing =
  NativeKernel.variants().length === 0 && 'the native kernel is not built: `npm run native` says why'

/** What LSTM_KERNEL can be set to here. */
export const kernelNames = (['native', 'wasm', 'reference'] as const).filter(
  (name) => name !== 'native' || nativeMissing === false
)
