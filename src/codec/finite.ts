const EXPONENT = 0x7f800000

/**
 * The index of the first value that is NaN or infinite, or -1. Those are the float32s whose exponent bits are all 1.
 */
export function firstNonFinite(values: Float32Array): number {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length)
  for (let i = 0; i < bits.length; i++) if ((bits[i] & EXPONENT) === EXPONENT) return i
  return -1
}
