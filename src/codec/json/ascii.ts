/** The bytes that JSON is made of, by name, and how to speak of any byte in a message. */
export const QUOTE = 0x22
export const PLUS = 0x2b
export const COMMA = 0x2c
export const MINUS = 0x2d
export const DOT = 0x2e
export const ZERO = 0x30
export const NINE = 0x39
export const COLON = 0x3a
export const UPPER_E = 0x45
export const OPEN_BRACKET = 0x5b
export const BACKSLASH = 0x5c
export const CLOSE_BRACKET = 0x5d
export const LOWER_E = 0x65
export const LOWER_F = 0x66
export const LOWER_N = 0x6e
export const LOWER_T = 0x74
export const LOWER_U = 0x75
export const OPEN_BRACE = 0x7b
export const CLOSE_BRACE = 0x7d

/** What stands for the byte behind the last one. */
export const END_OF_INPUT = -1

/** The four bytes that JSON calls whitespace. */
export const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

export const isDigit = (byte: number): boolean => byte >= ZERO && byte <= NINE

/** A byte as a message names it: `'x'`, `byte 0xEF`, `end of input`. */
export function describeByte(byte: number): string {
  if (byte === END_OF_INPUT) return 'end of input'
  if (byte === 0x27) return `"'"`
  if (byte >= 0x20 && byte < 0x7f) return `'${String.fromCharCode(byte)}'`
  return `byte 0x${byte.toString(16).toUpperCase().padStart(2, '0')}`
}
