/**
 * The state of a sequence, as workers write and read it, little-endian: float64 steps done, the version of its set in 20
 * characters, filled up with spaces, then float32 (m, n_h) of `a` and (m, n_a) of `c` for each layer in turn.
 */
const STEP_BYTES = 8
/** A number of 63 bits has 19 digits; with one more, floats begin at a whole word. */
const VERSION_BYTES = 20
const SPACE = 0x20
export const STATE_HEAD_BYTES = STEP_BYTES + VERSION_BYTES

export interface StateHead {
  /** Of the longest column. */
  readonly steps: number
  readonly version: string
}

export function writeStateHead({ steps, version }: StateHead, target: Uint8Array): void {
  new DataView(target.buffer, target.byteOffset).setFloat64(0, steps, true)
  for (let i = 0; i < VERSION_BYTES; i++) target[STEP_BYTES + i] = i < version.length ? version.charCodeAt(i) : SPACE
}

export function readStateHead(state: Uint8Array): StateHead {
  return {
    steps: new DataView(state.buffer, state.byteOffset).getFloat64(0, true),
    version: String.fromCharCode(...state.subarray(STEP_BYTES, STATE_HEAD_BYTES)).trimEnd()
  }
}
