/** Bounds that a worker holds requests to. */
export interface Limits {
  /** Most float32 values of states and outputs that one request may need. */
  readonly maxJobValues: number
  /** Most nested brackets in a body. */
  readonly maxJsonDepth: number
  /** Most bytes that a compressed file may inflate to. */
  readonly maxInflatedBytes: number
  /** Most float32 values of all requests that are running, on all workers. */
  readonly maxRunningValues: number
}
