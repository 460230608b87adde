import type { Encoding } from '../codec/tensor.ts'
import type { SerializedError } from '../errors.ts'
import type { SharedKernel } from '../kernels/choose.ts'
import type { Keep } from '../parameters/durable/folder.ts'
import type { ParameterSet } from '../parameters/parameter-set.ts'
import type { Limits } from './limits.ts'
import type { Part } from './part.ts'
import type { PublishedSet } from './registry.ts'

/** What the HTTP thread and a worker say to each other. A port keeps the order of what is posted to it. */

export type WeightsFormat = 'json' | 'npz'

/** One request's operation; `body` is moved, not copied. */
export type Operation =
  | { readonly kind: 'cell'; readonly body: Uint8Array }
  | { readonly kind: 'sequence'; readonly body: Uint8Array }
  /** Everything but `kind`, `body` and `keep` says how the body is to be read, and is stored with it. */
  | { readonly kind: 'import'; readonly body: Uint8Array; readonly keep?: Keep | undefined }
  | { readonly kind: 'restore'; readonly path: string }
  | {
      readonly kind: 'export'
      readonly set: ParameterSet
      readonly format: WeightsFormat
      readonly encoding: Encoding
    }

/** A set out of a file of the folder. */
export interface RestoredSet {
  readonly name: string
  readonly set: ParameterSet
  /** ISO 8601 */
  readonly created: string
}

/** Where the time of an inference went in its worker, in milliseconds. */
export interface Timing {
  /** From the bytes of the request to rows in the kernel's memory. */
  readonly decode: number
  /** The kernel's work for this request: of each call that it shared with others, the share of its own rows. */
  readonly compute: number
  /** From the rows to the bytes of the answer. */
  readonly encode: number
}

export interface Computed {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly timing: Timing
}

/** What each operation answers with. */
export interface Results {
  cell: Computed
  sequence: Computed
  import: ParameterSet
  restore: RestoredSet
  export: Uint8Array<ArrayBuffer>
}

/** How the work on a part ended: milliseconds of the kernel, a fault for the log, or with the worker that had it. */
export type PartOutcome =
  | { readonly type: 'computed'; readonly ms: number }
  | { readonly type: 'fault'; readonly stack: string }
  | { readonly type: 'lost' }

export type ToWorker =
  | { readonly type: 'run'; readonly id: number; readonly operation: Operation }
  | { readonly type: 'set'; readonly name: string; readonly published: PublishedSet }
  | { readonly type: 'unset'; readonly name: string }
  /** Nobody uses the set any more: one worker gives its memory back. */
  | { readonly type: 'release'; readonly set: ParameterSet }
  /** Work on a part of another worker's job, or of an own one that nobody else had time for. */
  | { readonly type: 'part'; readonly id: number; readonly part: Part }
  /** What became of a part that this worker gave away. */
  | { readonly type: 'part-ended'; readonly id: number; readonly outcome: PartOutcome }
  | { readonly type: 'close' }

export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'done'; readonly id: number; readonly result: Results[keyof Results] }
  | { readonly type: 'failed'; readonly id: number; readonly error: SerializedError }
  /** Give this part of a job to a worker that has time; `id` is this worker's own number for it. */
  | { readonly type: 'share'; readonly id: number; readonly part: Part }
  | { readonly type: 'part-ended'; readonly id: number; readonly outcome: PartOutcome }
  /** This worker uses a set that was replaced or withdrawn no more. */
  | { readonly type: 'idle'; readonly handle: number }
  /** A fault that no client caused; `stack` is for the log. */
  | { readonly type: 'fault'; readonly id: number; readonly stack: string }

/** What a worker is started with. */
export interface WorkerData {
  /** Memory of RowCounts, for this worker to count in. */
  readonly rowCounts: SharedArrayBuffer
  readonly limits: Limits
  readonly kernel: SharedKernel
  readonly sets: ReadonlyMap<string, PublishedSet>
  /** Workers of the pool, this one among them. */
  readonly workers: number
}
