import type { Limits } from '../engine/limits.ts'
import type { SetRegistry } from '../engine/registry.ts'
import type { RunningValues } from '../engine/running-values.ts'
import type { Sharing } from '../engine/sharing.ts'
import type { Kernel } from '../kernels/kernel.ts'

/** What a worker has for an operation to work with. */
export interface WorkerContext {
  readonly kernel: Kernel
  readonly sharing: Sharing
  readonly sets: SetRegistry
  readonly limits: Limits
  readonly runningValues: RunningValues
  /** To be called in the middle of long work, where the thread is to leave others their turn. */
  readonly pause: (() => void) | undefined
  /** Told what to set to 1 when nobody wants the job any more. */
  readonly onJob: (stop: Float32Array) => void
}
