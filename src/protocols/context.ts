import type { Stepper } from '../engine/stepper.ts'
import type { Kernel } from '../kernels/kernel.ts'
import type { ParameterSet } from '../parameters/parameter-set.ts'

/** Bounds that a worker holds requests to. */
export interface Limits {
  /** Most float32 values of states and outputs that one request may need. */
  readonly maxJobValues: number
  /** Most nested brackets in a body. */
  readonly maxJsonDepth: number
  /** Most bytes that a compressed file may inflate to. */
  readonly maxInflatedBytes: number
}

/** What a worker has for an operation to work with. */
export interface WorkerContext {
  readonly kernel: Kernel
  readonly stepper: Stepper
  readonly sets: ReadonlyMap<string, ParameterSet>
  readonly limits: Limits
}
