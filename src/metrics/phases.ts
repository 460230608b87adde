import type { Timing } from '../engine/messages.ts'

/** Where the time of an inference went, in milliseconds. */
export interface Phases extends Timing {
  /** All that the other three are not: waiting for a worker, for the rows of others in a tick, for messages. */
  readonly queue: number
}

/** In the order in which they come. */
export const phaseNames = ['decode', 'queue', 'compute', 'encode'] as const

/** @param totalMs from the whole body's arrival to the answer's bytes */
export function phasesOf({ decode, compute, encode }: Timing, totalMs: number): Phases {
  return { decode, queue: Math.max(0, totalMs - decode - compute - encode), compute, encode }
}

/** Those of several inferences of one request. */
export function addPhases(sum: Phases | undefined, { decode, queue, compute, encode }: Phases): Phases {
  return {
    decode: decode + (sum?.decode ?? 0),
    queue: queue + (sum?.queue ?? 0),
    compute: compute + (sum?.compute ?? 0),
    encode: encode + (sum?.encode ?? 0)
  }
}
