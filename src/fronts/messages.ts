import type { Config } from '../config.ts'
import type { Guest, Lodging } from '../engine/guests.ts'
import type { Answer, InferenceKind } from '../engine/messages.ts'
import type { SerializedError } from '../errors.ts'
import type { RequestCountsMemory } from '../metrics/request-counts.ts'
import type { SequenceInference } from '../sequences/inferences.ts'

/** What the main thread and a front say to each other. A port keeps the order of what is posted to it. */

export type ToFront =
  /** A connection that is the front's from now on. */
  | { readonly type: 'connection'; readonly fd: number }
  | Parameters<Guest['post']>[0]
  /** The service is about to end: answers say that their connection closes. */
  | { readonly type: 'drain' }
  /** It is to tell now of the inferences that it has answered. */
  | { readonly type: 'report' }
  /** No more connections will come; the front ends with its last one. */
  | { readonly type: 'close' }
  /** An inference that it handed over: the bytes are the pool's until it says that they are free. */
  | { readonly type: 'answered'; readonly id: number; readonly answer: Omit<Answer, 'free'> }
  | { readonly type: 'failed'; readonly id: number; readonly error: SerializedError }

export type FromFront =
  | { readonly type: 'ready' }
  /** The end of a channel: what comes over it is HTTP for the main thread. */
  | { readonly type: 'channel'; readonly fd: number }
  | { readonly type: 'log'; readonly lines: string }
  /** This front uses a set that was replaced or withdrawn no more. */
  | { readonly type: 'idle'; readonly handle: number }
  /** An inference that is not short; `body` is lent until it is answered, or moved. */
  | {
      readonly type: 'infer'
      readonly id: number
      readonly kind: InferenceKind
      readonly body: Uint8Array
      readonly timeoutMs: number | undefined
      /** It is one of a sequence. */
      readonly sequence?: Omit<SequenceInference, 'body'>
    }
  /** Inferences of models that this front has answered, for their statistics. */
  | ({ readonly type: 'inferences' } & ReportedInferences)
  /** It was asked to tell, and has. */
  | { readonly type: 'reported' }
  /** Nobody waits for it any more. */
  | { readonly type: 'stop'; readonly id: number }
  /** Nobody reads its answer any more. */
  | { readonly type: 'free'; readonly id: number }

/** Of each the model's name, and a row of numbers that inference-reports.ts writes and reads. */
export interface ReportedInferences {
  readonly models: readonly string[]
  readonly numbers: Float64Array
}

/** What a front is started with. */
export interface FrontData {
  readonly config: Config
  readonly lodging: Lodging
  readonly counts: RequestCountsMemory
  /** Memory of its Gauges. */
  readonly gauges: SharedArrayBuffer
}
