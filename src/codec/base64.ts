import { decodedValues } from './json/decoded-values.ts'
import * as wasm from './json/wasm/module.ts'
import { nativeCodec } from './native/codec.ts'

const { FLOATS, floatBytes, floats, TEXT, TEXT_BYTES, text } = wasm

/**
 * Base64 (RFC 4648 section 4) of little-endian float32 values, read strictly: the standard alphabet, padding, no
 * whitespace, no bits left over. The loops are WebAssembly (json/wasm/assembly/base64.ts) over pieces of text. Node's
 * own coder is as fast, but goes by way of a string, which is garbage of the length of the text for each tensor, takes
 * what is not strict, and does not see NaN.
 */

const EQUALS = 0x3d
const UPPER_A = 0x41
const BLOCK = 16

/** Values of a whole piece of text: 16 characters for each three. */
const PIECE_VALUES = (TEXT_BYTES / BLOCK) * 3

/** What decoding says of the text; another bit is that a value is not finite. */
const NOT_OF_THE_ALPHABET = 1
const BITS_LEFT_OVER = 4

const paddingOf = (byteLength: number): number => (3 - (byteLength % 3)) % 3

/** How many characters base64 takes for `byteLength` bytes. */
export const base64Length = (byteLength: number): number => Math.ceil(byteLength / 3) * 4

/**
 * Writes the base64 text of `values` into `target` from `at` on, where there has to be room for it.
 * @returns false if one of them is NaN or infinite
 */
export function encodeBase64(values: Float32Array, target: Uint8Array, at: number): boolean {
  if (nativeCodec !== undefined) return nativeCodec.encodeBase64(values, target, at)
  for (let done = 0; done < values.length; done += PIECE_VALUES) {
    const count = Math.min(PIECE_VALUES, values.length - done)
    floats.set(values.subarray(done, done + count))
    floats.fill(0, count, count + 3) // what the last block has of others
    if (wasm.encodeBase64(FLOATS, Math.ceil(count / 3), TEXT) !== 0) return false
    const length = base64Length(4 * count)
    text.fill(EQUALS, length - paddingOf(4 * count), length)
    target.set(text.subarray(0, length), at + (done / 3) * BLOCK)
  }
  return true
}

export interface DecodedBase64 {
  readonly values: Float32Array<ArrayBuffer>
  /** Whether none of them is NaN or infinite. */
  readonly finite: boolean
}

/**
 * Decodes the text in `bytes` from `start` to `end` into `count` values.
 * @returns undefined if the text is not strict base64 of exactly 4 · count bytes; `base64Fault` says why
 */
export function decodeBase64(bytes: Uint8Array, start: number, end: number, count: number): DecodedBase64 | undefined {
  if (end - start !== base64Length(4 * count)) return undefined
  const padding = paddingOf(4 * count)
  for (let i = 1; i <= padding; i++) if (bytes[end - i] !== EQUALS) return undefined
  const { free } = decodedValues
  const own = decodedValues.hasRoom(count) ? undefined : new Float32Array(count)
  if (nativeCodec !== undefined) {
    const faults = nativeCodec.decodeBase64(bytes, own ?? floats, start, end - padding - start, own ? 0 : free)
    if ((faults & (NOT_OF_THE_ALPHABET | BITS_LEFT_OVER)) !== 0) return undefined
    return { values: own ?? decodedValues.take(count), finite: faults === 0 }
  }
  let faults = 0
  for (let done = 0; done < count; done += PIECE_VALUES) {
    const from = start + (done / 3) * BLOCK
    const length = Math.min(TEXT_BYTES, end - from)
    const pieceCount = Math.min(PIECE_VALUES, count - done)
    const blocks = Math.ceil(length / BLOCK)
    text.set(bytes.subarray(from, from + length))
    const last = done + pieceCount === count
    // an A is six zeros: so come, in the place of padding, bytes of 0, unless bits were left over
    if (last) text.fill(UPPER_A, length - padding, blocks * BLOCK)
    const at = free + (own === undefined ? done : 0)
    faults |= wasm.decodeBase64(TEXT, blocks, FLOATS + 4 * at)
    const behind = 4 * (at + pieceCount)
    if (last && padding > 0 && (floatBytes[behind] | floatBytes[behind + padding - 1]) !== 0) return undefined
    own?.set(floats.subarray(at, at + pieceCount), done)
  }
  if ((faults & NOT_OF_THE_ALPHABET) !== 0) return undefined
  return { values: own ?? decodedValues.take(count), finite: faults === 0 }
}

/** Why `decodeBase64` refused `text`: what was expected and what came. */
export function base64Fault(text: string, count: number): string {
  const body = text.replace(/={1,2}$/, '')
  const wrong = /[^A-Za-z0-9+/]/u.exec(body)
  if (wrong !== null) {
    return `expected a character of the base64 alphabet (A-Z a-z 0-9 + /), found ${JSON.stringify(wrong[0])} at position ${wrong.index}`
  }
  if (text.length % 4 !== 0) {
    return `expected base64 padded with = to a multiple of 4 characters, found ${text.length} characters`
  }
  const padding = text.length - body.length
  const byteLength = (text.length / 4) * 3 - padding
  if (byteLength !== 4 * count) return `expected ${4 * count} bytes, 4 for each value of the shape, found ${byteLength}`
  return `expected the unused bits of the last character to be 0, found ${JSON.stringify(body.at(-1))}`
}
