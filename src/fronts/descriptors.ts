import { type Descriptors, loadAddon } from '../kernels/native/binary.ts'

/** How threads hand connections to each other; undefined where the native binary is not there. */
export function loadDescriptors(): Descriptors | undefined {
  try {
    return loadAddon()
  } catch {
    return undefined
  }
}
