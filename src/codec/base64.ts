import { endianness } from 'node:os'

/**
 * Base64 (RFC 4648 section 4) of little-endian float32 values, read strictly: the standard alphabet, padding, no
 * whitespace, no bits left over. Node's own coder works on SIMD and measured 4 to 7 times faster than a table in
 * TypeScript, even with the string that it needs in between; it is lenient, so what it took is verified afterwards.
 */

const BIG_ENDIAN = endianness() === 'BE'

const bytesOf = (values: Float32Array): Buffer => Buffer.from(values.buffer, values.byteOffset, values.byteLength)

const paddingOf = (byteLength: number): number => (3 - (byteLength % 3)) % 3

/** How many characters base64 takes for `byteLength` bytes. */
export const base64Length = (byteLength: number): number => Math.ceil(byteLength / 3) * 4

/** The base64 text of `values`. */
export function encodeBase64(values: Float32Array): string {
  return (BIG_ENDIAN ? bytesOf(values.slice()).swap32() : bytesOf(values)).toString('base64')
}

/**
 * Decodes the text in `bytes` from `start` to `end` into `count` values of an own, aligned buffer. It has to be bytes:
 * of a string's characters above U+00FF Node's decoder drops the upper half and takes U+0141 for an A.
 * @returns undefined if the text is not strict base64 of exactly 4 · count bytes; `base64Fault` says why
 */
export function decodeBase64(
  bytes: Buffer,
  start: number,
  end: number,
  count: number
): Float32Array<ArrayBuffer> | undefined {
  const byteLength = 4 * count
  if (end - start !== base64Length(byteLength)) return undefined
  const text = bytes.toString('latin1', start, end)
  const padding = paddingOf(byteLength)
  if (!text.endsWith('='.repeat(padding))) return undefined
  const values = new Float32Array(count)
  const decoded = bytesOf(values)
  // Without its padding the text has no character to spare for these bytes. So if Node, which skips what it does not
  // know, decodes all of them, then it knew every character, and only its url-safe - and _ are to be kept out.
  if (decoded.write(text, 0, byteLength, 'base64') !== byteLength) return undefined
  if (text.includes('-') || text.includes('_') || !endsClean(text, padding)) return undefined
  if (BIG_ENDIAN) decoded.swap32()
  return values
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Whether the bits of the last character that no byte takes are 0. */
function endsClean(text: string, padding: number): boolean {
  if (padding === 0) return true
  const last = ALPHABET.indexOf(text[text.length - padding - 1])
  return (last & (padding === 1 ? 0b11 : 0b1111)) === 0
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
