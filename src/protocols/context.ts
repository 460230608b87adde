import type { Limits } from '../engine/limits.ts'
import type { SetRegistry } from '../engine/registry.ts'
import type { Stepper } from '../engine/stepper.ts'
import type { Kernel } from '../kernels/kernel.ts'

/** What a worker has for an operation to work with. */
export interface WorkerContext {
  readonly kernel: Kernel
  readonly stepper: Stepper
  readonly sets: SetRegistry
  readonly limits: Limits
}
