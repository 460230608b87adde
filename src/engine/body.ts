/** A request's body as it arrived: pieces that are joined where they are needed, and nowhere before. */
export type Body = readonly Uint8Array[]

export function bodyLength(body: Body): number {
  return body.reduce((length, piece) => length + piece.length, 0)
}

/** Writes the pieces one behind the other. */
export function joinInto(body: Body, target: Uint8Array): void {
  let at = 0
  for (const piece of body) {
    target.set(piece, at)
    at += piece.length
  }
}

/** The whole in a buffer of its own, which can be moved to another thread. */
export function joined(body: Body): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(bodyLength(body))
  joinInto(body, whole)
  return whole
}
