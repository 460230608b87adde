import type { Config } from '../config.ts'
import type { Guest, Lodging } from '../engine/guests.ts'
import type { RequestCountsMemory } from '../metrics/request-counts.ts'

/** What the main thread and a front say to each other. A port keeps the order of what is posted to it. */

export type ToFront =
  /** A connection that is the front's from now on. */
  | { readonly type: 'connection'; readonly fd: number }
  | Parameters<Guest['post']>[0]
  /** The service is about to end: answers say that their connection closes. */
  | { readonly type: 'drain' }
  /** No more connections will come; the front ends with its last one. */
  | { readonly type: 'close' }

export type FromFront =
  | { readonly type: 'ready' }
  /** The end of a channel: what comes over it is HTTP for the main thread. */
  | { readonly type: 'channel'; readonly fd: number }
  | { readonly type: 'log'; readonly lines: string }
  /** This front uses a set that was replaced or withdrawn no more. */
  | { readonly type: 'idle'; readonly handle: number }

/** What a front is started with. */
export interface FrontData {
  readonly config: Config
  readonly lodging: Lodging
  readonly counts: RequestCountsMemory
  /** Memory of its Gauges. */
  readonly gauges: SharedArrayBuffer
}
