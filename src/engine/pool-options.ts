import type { KernelSetting } from '../kernels/choose.ts'
import type { AdmissionLimits } from './admission.ts'
import type { Limits } from './limits.ts'

/** What the pool is started with. */
export interface PoolOptions extends AdmissionLimits {
  readonly workers: number
  readonly kernel: KernelSetting
  readonly limits: Limits
  /** The module that the workers run. */
  readonly workerUrl?: URL
  /** Whether short inferences are run on this thread; true if left out. */
  readonly inline?: boolean
  /** Most guests at once; none if left out. */
  readonly guests?: number
  /** Told of a fault that no client caused. */
  readonly onFault: (reason: string, details: string) => void
}
