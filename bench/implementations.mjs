// The kernels of this build, one line each; `null` where one does not run here.

import { createReferenceKernel } from '../dist/src/kernels/reference.js'
import { WasmKernel } from '../dist/src/kernels/wasm/kernel.js'
import { availableBuilds } from '../dist/src/kernels/wasm/module.js'

/** A kernel that this build may lack: its module, or an empty one. */
async function optional(module) {
  try {
    return await import(module)
  } catch (error) {
    if (error.code === 'ERR_MODULE_NOT_FOUND') return {}
    throw error
  }
}

const { NativeKernel } = await optional('../dist/src/kernels/native/kernel.js')

/** Every kernel that runs here: its name, how to make one, and the most floating-point operations to give it. */
export const implementations = [
  { name: 'reference', create: createReferenceKernel, mostFlop: 3e7 },
  ...availableBuilds().map((build) => ({ name: `wasm ${build}`, create: () => new WasmKernel({ build }) })),
  ...(NativeKernel?.variants() ?? []).map((variant) => ({
    name: `native ${variant}`,
    create: () => new NativeKernel({ variant })
  }))
]
