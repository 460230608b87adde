import type { WantedOutput } from './wanted.ts'

/**
 * What the HTTP side gets to know of a stream when it is opened. Its bytes follow: x, dense, in float32, one block of
 * steps behind the other, each in the axis order of the request; then the states to begin with.
 */
export interface Stream {
  /** Of the set that it began with. */
  readonly version: string
  readonly m: number
  /** As each block's request has them. */
  readonly id?: string
  readonly parameters: object
  /** Of x, in the order of the layout. */
  readonly shape: readonly number[]
  /** Which axis is the time. */
  readonly timeAxis: number
  /** Steps of each block, but the last one, which may have less. */
  readonly steps: number
  /** What every block gives. */
  readonly outputs: readonly { readonly name: string; readonly parameters: object }[]
  /** What the last event gives. */
  readonly end: StreamEnd
}

/** The request of the last event. */
export interface StreamEnd {
  readonly id?: string
  readonly layout: 'features_first' | 'batch_first' | 'time_first'
  readonly outputs: readonly WantedOutput[]
}
