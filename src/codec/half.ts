/**
 * The two floating-point types of 16 bits, exactly: every one of their values is a float32, and a float32 becomes the
 * nearest of theirs, ties to even (IEEE 754).
 */

const word = new Float32Array(1)
const bits = new Uint32Array(word.buffer)

/** From the exponent's bias in a binary16, 15, to that in a float32, 127. */
const REBIAS = 2 ** 112

/** binary16: 1 bit sign, 5 bits exponent, 10 bits fraction. NaN and infinities stay such. */
export function halvesToFloats(halves: Uint16Array, floats: Float32Array): void {
  const into = new Uint32Array(floats.buffer, floats.byteOffset, floats.length)
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i]
    const magnitude = half & 0x7fff
    // as a float32 it is too small by that factor, subnormal or not
    bits[0] = magnitude << 13
    word[0] *= REBIAS
    into[i] = ((half & 0x8000) << 16) | bits[0] | (magnitude >= 0x7c00 ? 0x7f800000 : 0)
  }
}

/** bfloat16: the upper half of a float32. */
export function bfloatsToFloats(bfloats: Uint16Array, floats: Float32Array): void {
  const into = new Uint32Array(floats.buffer, floats.byteOffset, floats.length)
  for (let i = 0; i < bfloats.length; i++) into[i] = bfloats[i] << 16
}

/** A value past the largest binary16, 65504, by half a unit or more becomes an infinity. */
export function floatsToHalves(floats: Float32Array, halves: Uint16Array): void {
  const from = new Uint32Array(floats.buffer, floats.byteOffset, floats.length)
  for (let i = 0; i < from.length; i++) {
    const magnitude = from[i] & 0x7fffffff
    halves[i] = ((from[i] >>> 16) & 0x8000) | (magnitude < 0x38800000 ? subnormal(floats[i]) : normal(magnitude))
  }
}

/** Less than 2^-14: a multiple of 2^-24, which may round up to the smallest normal one, whose bits come next. */
function subnormal(value: number): number {
  const units = Math.abs(value) * 2 ** 24
  const below = Math.floor(units)
  const rest = units - below
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below
}

function normal(magnitude: number): number {
  if (magnitude > 0x7f800000) return 0x7e00 // NaN
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1)
  return Math.min((rounded - 0x38000000) >>> 13, 0x7c00)
}

/** A value past the largest bfloat16 by half a unit or more becomes an infinity. */
export function floatsToBfloats(floats: Float32Array, bfloats: Uint16Array): void {
  const from = new Uint32Array(floats.buffer, floats.byteOffset, floats.length)
  for (let i = 0; i < from.length; i++) {
    const notANumber = (from[i] & 0x7fffffff) > 0x7f800000
    bfloats[i] = notANumber ? 0x7fc0 : (from[i] + 0x7fff + ((from[i] >>> 16) & 1)) >>> 16
  }
}
