import { bodyLength } from './body.ts'
import { Intake } from './intake.ts'
import type { Member } from './member.ts'
import type { BackgroundOperation, Inference, Operation } from './messages.ts'

/** What a worker is given to do. */
export type Work = Inference | Operation

/** What an operation weighs besides its bytes: small ones count by their number, large ones by their size. */
export const OPERATION_LOAD = 16_384

/** An operation that somebody waits for. */
export interface Pending {
  /** Kept to run it again if its worker ends. */
  readonly work: Work
  readonly load: number
  /** Undefined while it waits for a worker. */
  member: Member | undefined
  /** The slot that its body was sent in. */
  slot: number | undefined
  /** Its worker ended, or it met a fault, and it is run for the second time. */
  again: boolean
  timer?: NodeJS.Timeout
  readonly resolve: (result: never) => void
  readonly reject: (error: Error) => void
}

export interface RunOptions {
  /** After so many milliseconds it fails with LSTM_ERR_DEADLINE, and the work stops at the next tick. */
  readonly timeoutMs?: number | undefined
  /** Is given what stops it when nobody waits for it any more. */
  readonly onStart?: (stop: () => void) => void
}

/** Bytes that an operation reads or writes, as far as they are known before it. */
export function bytesOf(work: Work | BackgroundOperation): number {
  if ('body' in work) return work.body instanceof Intake ? work.body.length : bodyLength(work.body)
  return work.kind === 'export' ? work.set.bytes : 0
}
