/**
 * Short strings of ASCII by their bytes. Names of members and their values are few and come with every request: to
 * compare the bytes with a string that was made before takes a fraction of making one, and the same string again is
 * found faster as a key.
 */
const SLOTS = 256
const LONGEST = 24

/** Each string where its bytes say; a new one takes the place of the one before it. */
const known: string[] = new Array(SLOTS).fill('')

/** The ASCII text from `start` to `end`. */
export function asciiString(bytes: Buffer, start: number, end: number): string {
  const length = end - start
  if (length > LONGEST || length === 0) return bytes.toString('latin1', start, end)
  const slot = (length + 7 * bytes[start] + 31 * bytes[end - 1] + 67 * bytes[start + (length >> 1)]) & (SLOTS - 1)
  const text = known[slot]
  if (text.length === length && equals(text, bytes, start)) return text
  known[slot] = bytes.toString('latin1', start, end)
  return known[slot]
}

function equals(text: string, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false
  return true
}
