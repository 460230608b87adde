/**
 * What the HTTP side says of an inference of the Open Inference Protocol, before its body: what stands in the path and
 * the head of the request, and the states that a sequence has reached.
 */
export interface InferCall {
  readonly model: string
  /** Of the path. */
  readonly version?: string | undefined
  /** Length of the JSON before the tensors, from the head; left out: the whole body is JSON. */
  readonly jsonBytes?: number | undefined
  /** Milliseconds since 1970 when the request came, for its `timeout`. */
  readonly arrived: number
  /**
   * The request is one of a sequence: the answer is to have the states after its last step behind it, (m, n_h) of `a`
   * and (m, n_a) of `c` for each layer in turn.
   */
  readonly sequence?:
    | {
        /** Where a sequence goes on: the set that it began with, and its columns. Its states follow the call then. */
        readonly from?: { readonly version: string; readonly m: number }
      }
    | undefined
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
/** Numbers before the texts, float64: each of them is whole, but for `arrived`. */
const HEAD = 8
const HEAD_BYTES = HEAD * Float64Array.BYTES_PER_ELEMENT
/** In place of a length: there is none. */
const NONE = -1
/** In place of the length of the version that a sequence goes on with: it begins. */
const BEGINS = -2
const NO_STATES = new Uint8Array(0)
const NO_STATE_VALUES = new Float32Array(0)

/**
 * The piece that goes before a request's body: numbers and texts of the call, which are filled up to whole words, the
 * states; then so much that the tensors behind the body's JSON begin at a multiple of 8, for the worker to use them
 * where they lie. It copies them out of shared memory, which is seven times slower between addresses that differ within
 * their eight bytes. As JSON, the call took longer to write and read than the request's own.
 */
export function writeCall(call: InferCall, states: Uint8Array = NO_STATES): Uint8Array {
  const { model, version, jsonBytes, arrived, sequence } = call
  const from = sequence?.from
  const texts = model + (version ?? '') + (from?.version ?? '')
  const textBytes = Buffer.byteLength(texts)
  const statesAt = statesFrom(textBytes)
  const end = bodyFrom(statesAt + states.length, jsonBytes ?? 0)
  const piece = Buffer.allocUnsafe(end).fill(0, HEAD_BYTES)
  const head = new Float64Array(piece.buffer, piece.byteOffset, HEAD)
  head[0] = arrived
  head[1] = jsonBytes ?? NONE
  head[2] = states.length
  head[3] = textBytes
  head[4] = model.length
  head[5] = version?.length ?? NONE
  head[6] = sequence === undefined ? NONE : (from?.version.length ?? BEGINS)
  head[7] = from?.m ?? 0
  piece.write(texts, HEAD_BYTES)
  if (states.length > 0) piece.set(states, statesAt)
  return piece
}

/** A body as another thread is to get it: what is said of it goes before it. */
export function withCall(call: InferCall | undefined, body: readonly Uint8Array[]): readonly Uint8Array[] {
  return call === undefined ? body : [writeCall(call), ...body]
}

/** How far behind a multiple of 8 a body has to begin for its tensors to begin at one. */
export function alignmentOf({ jsonBytes = 0 }: InferCall): number {
  return (ALIGNMENT - (jsonBytes % ALIGNMENT)) % ALIGNMENT
}

/** A call on the thread that made it. @param body whose tensors begin at a multiple of 8, or else are copied */
export function receivedHere(call: InferCall, body: Uint8Array): ReceivedCall {
  return { call, states: NO_STATE_VALUES, body }
}

/** @param bytes a call and the body behind it; copied where they do not begin at a multiple of 8 */
export function readCall(bytes: Uint8Array): ReceivedCall {
  const { buffer, byteOffset, length } = bytes.byteOffset % ALIGNMENT === 0 ? bytes : new Uint8Array(bytes)
  const head = new Float64Array(buffer, byteOffset, HEAD)
  const jsonBytes = head[1]
  const stateBytes = head[2]
  const textBytes = head[3]
  const modelEnd = head[4]
  const versionUnits = head[5]
  const fromUnits = head[6]
  const texts = Buffer.from(buffer, byteOffset + HEAD_BYTES, textBytes).toString()
  const versionEnd = modelEnd + Math.max(0, versionUnits)
  const statesAt = statesFrom(textBytes)
  const bodyAt = bodyFrom(statesAt + stateBytes, Math.max(0, jsonBytes))
  const from = fromUnits >= 0 ? { from: { version: texts.slice(versionEnd), m: head[7] } } : {}
  return {
    call: {
      model: texts.slice(0, modelEnd),
      version: versionUnits === NONE ? undefined : texts.slice(modelEnd, versionEnd),
      jsonBytes: jsonBytes === NONE ? undefined : jsonBytes,
      arrived: head[0],
      sequence: fromUnits === NONE ? undefined : from
    },
    states: new Float32Array(buffer, byteOffset + statesAt, stateBytes / Float32Array.BYTES_PER_ELEMENT),
    body: new Uint8Array(buffer, byteOffset + bodyAt, length - bodyAt)
  }
}

const statesFrom = (textBytes: number): number => Math.ceil((HEAD_BYTES + textBytes) / WORD) * WORD

/** @param jsonBytes of the body, behind which its tensors are to begin at a multiple of 8 */
function bodyFrom(statesEnd: number, jsonBytes: number): number {
  return statesEnd + ((ALIGNMENT - ((statesEnd + jsonBytes) % ALIGNMENT)) % ALIGNMENT)
}
