/**
 * What the HTTP side says of an inference of the Open Inference Protocol, before its body: what stands in the path and
 * the head of the request, and the states that a sequence has reached.
 */
export interface InferCall {
  readonly model: string
  /** Of the path. */
  readonly version?: string
  /** Length of the JSON before the tensors, from the head; left out: the whole body is JSON. */
  readonly jsonBytes?: number
  /** Milliseconds since 1970 when the request came, for its `timeout`. */
  readonly arrived: number
  /**
   * The request is one of a sequence: the answer is to have the states after its last step behind it, (m, n_h) of `a`
   * and (m, n_a) of `c` for each layer in turn.
   */
  readonly sequence?: {
    /** Where a sequence goes on: the set that it began with, and its columns. Its states follow the call then. */
    readonly from?: { readonly version: string; readonly m: number }
  }
}

/** A call as its worker gets it. */
export interface ReceivedCall {
  readonly call: InferCall
  /** Of a sequence that goes on; else none. A view of the memory that the call came in, as the body is. */
  readonly states: Float32Array
  readonly body: Uint8Array
}

const WORD = 4
const ALIGNMENT = 8
const SPACE = 0x20

/**
 * The piece that goes before a request's body: bytes of the call, of the states and of what fills up behind them, the
 * call as JSON, which is filled up to whole words, the states; then so much that the tensors behind the body's JSON
 * begin at a multiple of 8, for the worker to use them where they lie. It copies them out of shared memory, which is
 * seven times slower between addresses that differ within their eight bytes.
 */
export function writeCall(call: InferCall, states: Uint8Array = new Uint8Array(0)): Uint8Array {
  const json = Buffer.from(JSON.stringify(call))
  const callBytes = Math.ceil(json.length / WORD) * WORD
  const before = 3 * WORD + callBytes + states.length + (call.jsonBytes ?? 0)
  const fill = (ALIGNMENT - (before % ALIGNMENT)) % ALIGNMENT
  const piece = new Uint8Array(3 * WORD + callBytes + states.length + fill)
  new Uint32Array(piece.buffer, 0, 3).set([callBytes, states.length, fill])
  piece.fill(SPACE, 3 * WORD, 3 * WORD + callBytes)
  piece.set(json, 3 * WORD)
  piece.set(states, 3 * WORD + callBytes)
  return piece
}

/** @param bytes a call and the body behind it; copied where they do not begin at a whole word */
export function readCall(bytes: Uint8Array): ReceivedCall {
  const { buffer, byteOffset, length } = bytes.byteOffset % WORD === 0 ? bytes : bytes.slice()
  const [callBytes, stateBytes, fill] = new Uint32Array(buffer, byteOffset, 3)
  const callAt = byteOffset + 3 * WORD
  const statesAt = callAt + callBytes
  const bodyAt = statesAt + stateBytes + fill
  return {
    call: JSON.parse(Buffer.from(buffer, callAt, callBytes).toString()),
    states: new Float32Array(buffer, statesAt, stateBytes / Float32Array.BYTES_PER_ELEMENT),
    body: new Uint8Array(buffer, bodyAt, byteOffset + length - bodyAt)
  }
}
