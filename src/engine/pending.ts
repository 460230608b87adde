import { bodyLength } from './body.ts'
import type { Member } from './member.ts'
import type { Operation } from './messages.ts'

/** What an operation weighs besides its bytes: small ones count by their number, large ones by their size. */
export const OPERATION_LOAD = 16_384

/** An operation that somebody waits for. */
export interface Pending {
  /** Kept to run it again if its worker ends. */
  readonly operation: Operation
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
  readonly timeoutMs?: number
  /** Is given what stops it when nobody waits for it any more. */
  readonly onStart?: (stop: () => void) => void
}

/** Bytes that an operation reads or writes, as far as they are known before it. */
export function bytesOf(operation: Operation): number {
  if ('body' in operation) return bodyLength(operation.body)
  return operation.kind === 'export' ? operation.set.bytes : 0
}
