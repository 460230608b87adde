import type { InferRequest } from './envelope.ts'

/** The JSON of a request as the key that it is known by. */
export interface RequestText {
  /**
   * All of the JSON, what stands behind an id at its beginning, or the length of a body without JSON: they begin with a
   * brace, a space or comma, and a digit, so that none is taken for another.
   */
  readonly key: string
  /** The id at the beginning. */
  readonly id?: string
}

/** A longer one is not kept. */
const MOST_BYTES = 2048

/** An id as the protocol's clients send it, before everything else; one with escapes or beyond ASCII is read with the rest. */
const ID_FIRST = /^\{"id": ?"([ !#-[\]-~]*)"(?= ?,)/

/**
 * @param body the length of which is the key where there is no JSON
 * @param jsonBytes of the JSON before the tensors; a byte more or less is another key
 * @returns undefined where it is too long, or no object
 */
export function requestText({ buffer, byteOffset, length }: Uint8Array, jsonBytes: number): RequestText | undefined {
  if (jsonBytes > MOST_BYTES) return undefined
  if (jsonBytes === 0) return { key: String(length) }
  const text = Buffer.from(buffer, byteOffset, jsonBytes).toString('latin1')
  if (text[0] !== '{') return undefined
  if (!text.startsWith('{"id"')) return { key: text }
  const found = ID_FIRST.exec(text)
  return found === null ? { key: text } : { key: text.slice(found[0].length), id: found[1] }
}

/**
 * Whether what this request says is all in its text: every request with the same text says the same then, but for an id
 * at its beginning. Those of sequences are looked at one by one.
 */
export function saysAll({ key, id }: RequestText, { inputs, parameters }: InferRequest): boolean {
  if (parameters?.sequence_id !== undefined || inputs.some(({ data }) => data !== undefined)) return false
  // behind an id at the beginning another one may stand, in whatever spelling, and the last one is taken
  return id === undefined || !(key.includes('"id"') || key.includes('\\'))
}
