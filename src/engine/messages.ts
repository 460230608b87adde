import type { Encoding } from '../codec/tensor.ts'
import type { SerializedError } from '../errors.ts'
import type { SharedKernel } from '../kernels/choose.ts'
import type { Keep } from '../parameters/durable/folder.ts'
import type { ExportFormat } from '../parameters/exporters/export-model.ts'
import type { ImportSettings } from '../parameters/importers/imported.ts'
import type { ParameterSet } from '../parameters/parameter-set.ts'
import type { InferCall } from '../protocols/v2/call.ts'
import type { LoadRequest } from '../protocols/v2/load-request.ts'
import type { Body } from './body.ts'
import type { Place } from './crew.ts'
import type { Intake, IntakeMessage } from './intake.ts'
import type { Limits } from './limits.ts'
import type { Part, PartCost } from './part.ts'
import type { PublishedSet } from './registry.ts'

/** What the HTTP thread and a worker say to each other. A port keeps the order of what is posted to it. */

/** Inferences: body and answer go through shared memory where they fit; a mailbox names the kinds by their index. */
export const inferenceKinds = ['cell', 'sequence', 'infer', 'openStream', 'endStream'] as const
export type InferenceKind = (typeof inferenceKinds)[number]

interface Export {
  readonly kind: 'export'
  readonly set: ParameterSet
  readonly format: ExportFormat
  readonly encoding: Encoding
}

interface Import {
  readonly kind: 'import'
  readonly body: Body
  /** How the body is to be read; stored with it. */
  readonly settings?: ImportSettings
  /** Where to write it. */
  readonly keep?: Keep | undefined
}

interface Restore {
  readonly kind: 'restore'
  readonly path: string
  /** In place of those that are stored with it. */
  readonly settings?: ImportSettings
}

/** Finds a model file and what else a request to load a model holds. */
interface ReadLoad {
  readonly kind: 'read-load'
  readonly body: Body
}

/** What is run beside inferences, as the pool gets it. */
export type Operation = Import | Restore | Export | ReadLoad

/** A large body goes to the background thread as it comes. */
type BackgroundImport = Omit<Import, 'body'> & { readonly body: Body | Intake }
export type BackgroundOperation = BackgroundImport | Restore | Export | ReadLoad

export interface Inference {
  readonly kind: InferenceKind
  readonly body: Body
  /** What the HTTP side says of a body of the Open Inference Protocol, unless it stands before it already. */
  readonly call?: InferCall | undefined
}

/** A set out of a file of the folder. */
export interface RestoredSet {
  readonly name: string
  readonly set: ParameterSet
  /** ISO 8601 */
  readonly created: string
}

export type BackgroundOperationOf<K extends Operation['kind']> = Extract<BackgroundOperation, { kind: K }>
export type OperationOf<K extends Operation['kind']> = Extract<Operation, { kind: K }>

/** An operation, or an inference that fits into no slot, on its way by message; `body` is moved, not copied. */
export type MovedOperation = Moved<Inference> | Moved<Import> | Moved<ReadLoad> | Restore | Export
type Moved<O> = Omit<O, 'body' | 'call'> & { readonly body: Uint8Array }
export type MovedImport = Moved<Import>
/** An import whose body has been sent before, in pieces; this is its number. */
export type MovedLargeImport = Omit<Import, 'body'> & { readonly intake: number }

/** Where the time of an inference went in its worker, in milliseconds. */
export interface Timing {
  /** From the bytes of the request to rows in the kernel's memory. */
  readonly decode: number
  /** The kernel's work for this request: of each call that it shared with others, the share of its own rows. */
  readonly compute: number
  /** From the rows to the bytes of the answer. */
  readonly encode: number
}

/** What the bytes of an answer are: JSON, then tensors, then states, each of which may be none. */
export interface AnswerParts {
  readonly jsonBytes: number
  /** Of the states after the last step, which the HTTP side keeps to itself. */
  readonly stateBytes: number
  /** Columns that were computed. */
  readonly m: number
  /** Batches of the kernel that it stands for: less than 1 where requests shared them. */
  readonly executions: number
}

/** The answer of an inference, in its worker. */
export interface Computed extends AnswerParts {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Their memory is used again after it; where it is left out, or never called, it is not. */
  readonly release?: (() => void) | undefined
  readonly timing: Timing
}

/** The answer of an inference, from the pool. */
export interface Answer extends AnswerParts {
  /** In memory of the worker, which is used again after `free`. */
  readonly bytes: Uint8Array
  readonly timing: Timing
  /** Nobody reads the bytes any more; to be called once. */
  free(): void
}

/** What each operation answers with. */
export interface Results {
  import: ParameterSet
  restore: RestoredSet
  export: Uint8Array<ArrayBuffer>
  'read-load': LoadRequest
}

/** A result on its way by message; buffers are moved. */
export type MovedResult = Computed | ParameterSet | RestoredSet | LoadRequest | Uint8Array<ArrayBuffer>

/** How the work on a part ended: with what it cost, a fault for the log, or with the worker that had it. */
export type PartOutcome =
  | ({ readonly type: 'computed' } & PartCost)
  | { readonly type: 'fault'; readonly stack: string }
  | { readonly type: 'lost' }
  /** Nobody wanted it any more. */
  | { readonly type: 'stopped' }

/** Either side posts this to make the other one look into its mailbox. */
export const LOOK = 0

export type ToWorker =
  | typeof LOOK
  | { readonly type: 'run'; readonly id: number; readonly operation: MovedOperation | MovedLargeImport }
  | IntakeMessage
  | { readonly type: 'set'; readonly name: string; readonly published: PublishedSet }
  | { readonly type: 'unset'; readonly name: string }
  /** Work on a part of another worker's job, or of an own one that nobody else had time for. */
  | { readonly type: 'part'; readonly id: number; readonly part: Part }
  /** Take a place in the crew of another worker's part while nothing else is to be done. */
  | { readonly type: 'help'; readonly id: number; readonly place: Place }
  /** What became of a part that this worker gave away, or of a place that it offered. */
  | { readonly type: 'part-ended'; readonly id: number; readonly outcome: PartOutcome }
  /** Nobody waits for this operation any more. */
  | { readonly type: 'stop'; readonly id: number }
  | { readonly type: 'close' }

export type FromWorker =
  | typeof LOOK
  | { readonly type: 'ready' }
  | { readonly type: 'done'; readonly id: number; readonly result: MovedResult }
  | { readonly type: 'failed'; readonly id: number; readonly error: SerializedError }
  /** Give this part of a job to a worker that has time; `id` is this worker's own number for it. */
  | { readonly type: 'share'; readonly id: number; readonly part: Part }
  | { readonly type: 'part-ended'; readonly id: number; readonly outcome: PartOutcome }
  /** Offer this place in a crew to a worker that has nothing to do; `id` is this worker's own number for it. */
  | { readonly type: 'offer'; readonly id: number; readonly place: Place }
  /** This worker has left a place; with the stack of a fault that it met there. */
  | { readonly type: 'helped'; readonly id: number; readonly stack?: string }
  /** This worker uses a set that was replaced or withdrawn no more. */
  | { readonly type: 'idle'; readonly handle: number }
  /** A fault that no client caused; `stack` is for the log. */
  | { readonly type: 'fault'; readonly id: number; readonly stack: string }

/** The memory that the pool and a worker share for inferences. */
interface Exchange {
  /** Mailbox to the worker: id, index of the kind, slot of the body, bytes of the body, number of changes before it. */
  readonly requests: SharedArrayBuffer
  /** Mailbox from the worker: id, slot of the answer, bytes of the answer, its parts and the timing. */
  readonly answers: SharedArrayBuffer
  /** Slots of bodies; the pool's, the same for all workers. */
  readonly bodySlots: SharedArrayBuffer
  /** Slots of answers; the worker's. */
  readonly answerSlots: SharedArrayBuffer
}

/** What a worker is started with. */
export interface WorkerData {
  /** Number of the thread, from 1, never used again: whose memory is whose. */
  readonly owner: number
  /** Memory of RunningValues, one for all workers, and this worker's place in it. */
  readonly runningValues: SharedArrayBuffer
  readonly slot: number
  /** Memory of RowCounts, for this worker to count in. */
  readonly rowCounts: SharedArrayBuffer
  readonly exchange: Exchange
  readonly limits: Limits
  readonly kernel: SharedKernel
  readonly sets: ReadonlyMap<string, PublishedSet>
  /** Workers of the pool, this one among them. */
  readonly workers: number
  /** It is the thread of Background. */
  readonly background?: boolean
}
