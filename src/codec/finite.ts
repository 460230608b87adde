const EXPONENT = 0x7f800000
const MAGNITUDE = 0x7fffffff
/** One unit of the exponent: added to a magnitude it reaches the sign bit only if all bits of the exponent are 1. */
const UNIT = 0x00800000

/**
 * The index of the first value that is NaN or infinite, or -1. Those are the float32s whose exponent bits are all 1.
 * Eight are looked at together, which takes half the time or less: one at a time it took longer than base64 itself.
 */
export function firstNonFinite(values: Float32Array): number {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length)
  const { length } = bits
  let i = 0
  for (; i + 8 <= length; i += 8) {
    const low =
      ((bits[i] & MAGNITUDE) + UNIT) |
      ((bits[i + 1] & MAGNITUDE) + UNIT) |
      ((bits[i + 2] & MAGNITUDE) + UNIT) |
      ((bits[i + 3] & MAGNITUDE) + UNIT)
    const high =
      ((bits[i + 4] & MAGNITUDE) + UNIT) |
      ((bits[i + 5] & MAGNITUDE) + UNIT) |
      ((bits[i + 6] & MAGNITUDE) + UNIT) |
      ((bits[i + 7] & MAGNITUDE) + UNIT)
    if ((low | high) < 0) break
  }
  for (; i < length; i++) if ((bits[i] & EXPONENT) === EXPONENT) return i
  return -1
}
