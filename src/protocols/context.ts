import type { Limits } from '../engine/limits.ts'
import type { SetRegistry } from '../engine/registry.ts'
import type { Sharing } from '../engine/sharing.ts'
import type { Kernel } from '../kernels/kernel.ts'

/** What a worker has for an operation to work with. */
export interface WorkerContext {
  readonly kernel: Kernel
  readonly sharing: Sharing
  readonly sets: SetRegistry
  readonly limits: Limits
}
