/**
 * The state of a sequence, as workers write and read it, little-endian: float64 steps done, 16 characters of the version
 * of its set, then float32 (m, n_h) of `a` and (m, n_a) of `c` for each layer in turn.
 */
const STEP_BYTES = 8
const VERSION_BYTES = 16
export const STATE_HEAD_BYTES = STEP_BYTES + VERSION_BYTES

export interface StateHead {
  /** Of the longest column. */
  readonly steps: number
  readonly version: string
}

export function writeStateHead({ steps, version }: StateHead, target: Uint8Array): void {
  new DataView(target.buffer, target.byteOffset).setFloat64(0, steps, true)
  for (let i = 0; i < VERSION_BYTES; i++) target[STEP_BYTES + i] = version.charCodeAt(i)
}

export function readStateHead(state: Uint8Array): StateHead {
  return {
    steps: new DataView(state.buffer, state.byteOffset).getFloat64(0, true),
    version: String.fromCharCode(...state.subarray(STEP_BYTES, STATE_HEAD_BYTES))
  }
}
