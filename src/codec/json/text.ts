import { BACKSLASH, describeByte, END_OF_INPUT, LOWER_U, QUOTE } from './ascii.ts'
import { malformed } from './faults.ts'

const ESCAPES = new Set([...'"\\/bfnrtu'].map((letter) => letter.charCodeAt(0)))

const isHexDigit = (byte: number): boolean => {
  const lower = byte | 0x20
  return (byte >= 0x30 && byte <= 0x39) || (lower >= 0x61 && lower <= 0x66)
}

/**
 * Walks over the inside of a JSON string and checks every byte of it.
 * @returns the position of the closing quote
 * @throws LSTM_ERR_MALFORMED_JSON for control characters, unknown escapes, invalid UTF-8 and a missing end
 */
export function findClosingQuote(bytes: Uint8Array, from: number): number {
  const end = bytes.length
  let at = from
  while (at < end) {
    const byte = bytes[at]
    if (byte === QUOTE) return at
    if (byte === BACKSLASH) at = skipEscape(bytes, at)
    else if (byte < 0x20) throw malformed(at, `expected a control character to be escaped, found ${describeByte(byte)}`)
    else if (byte < 0x80) at++
    else at = skipMultibyte(bytes, at)
  }
  throw malformed(end, `expected '"' at the end of a string, found ${describeByte(END_OF_INPUT)}`)
}

function skipEscape(bytes: Uint8Array, backslash: number): number {
  const at = backslash + 1
  const letter = at < bytes.length ? bytes[at] : END_OF_INPUT
  if (!ESCAPES.has(letter)) {
    throw malformed(at, `expected one of " \\ / b f n r t u after a backslash, found ${describeByte(letter)}`)
  }
  if (letter !== LOWER_U) return at + 1
  for (let i = at + 1; i <= at + 4; i++) {
    const digit = i < bytes.length ? bytes[i] : END_OF_INPUT
    if (!isHexDigit(digit)) throw malformed(i, `expected four hexadecimal digits, found ${describeByte(digit)}`)
  }
  return at + 5
}

/**
 * One character of two to four bytes. The ranges are those of table 3-7 of the Unicode standard: the second byte's
 * range depends on the first, which keeps out overlong forms, surrogates and what lies above U+10FFFF.
 */
function skipMultibyte(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
  let valid = lead >= 0xc2 && lead <= 0xf4 && at + length <= bytes.length
  if (valid) {
    valid = bytes[at + 1] >= low && bytes[at + 1] <= high
    for (let i = 2; i < length; i++) valid &&= (bytes[at + i] & 0xc0) === 0x80
  }
  if (!valid) throw malformed(at, `expected valid UTF-8 in a string, found a broken sequence at ${describeByte(lead)}`)
  return at + length
}
