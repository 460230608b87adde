import type { Timing } from '../engine/messages.ts'

/**
 * The Server-Timing header (W3C) of an inference, in milliseconds: decode, queue, compute, encode, which together are
 * the time from the whole body's arrival to the answer's bytes. Queue is all that the other three are not: waiting
 * for a worker, for the rows of others in a tick that was shared with them, and for the messages between threads.
 */
export function serverTiming({ decode, compute, encode }: Timing, totalMs: number): string {
  const queue = Math.max(0, totalMs - decode - compute - encode)
  return Object.entries({ decode, queue, compute, encode })
    .map(([name, ms]) => `${name};dur=${ms.toFixed(3)}`)
    .join(', ')
}
