import { POWERS_OF_TEN } from './decimal.ts'

/**
 * Float32 to the shortest decimal that reads back to it, `Math.fround(Number(text)) === value`, and of the shortest to
 * the closest, written as JavaScript writes that number.
 *
 * Nine digits always suffice for a float32, and a double holds 53 bits against its 24. So the value is scaled by a
 * power of ten to w in [10^8, 10^9), where the decimals that read back to it are the integers within `half` of w,
 * `half` being the scaled distance to the middle between neighbouring float32s, 3 to 60. Whether a multiple of 10, 100
 * or 1000 is among them is a comparison. Two roundings make w wrong by less than 3·10^-7, that the text is read by way
 * of a double by another 10^-7: where 10^-6 would change the outcome, exact arithmetic decides (`shortestExactly`). The
 * idea to widen the interval by the error and to give up inside of it is Grisu3's (Loitsch, PLDI 2010).
 */

/**
 * A sign and 21 digits, as of -123456790000000000000: from 10^21 on there is an exponent. A fraction is shorter, with a
 * sign, "0.", at most five zeros and nine digits, and so is an exponent: "-1.17549435e-38".
 */
export const MAX_FLOAT32_TEXT = 22

const ERROR = 1e-6

/** Added and subtracted, it rounds a double below 2^31 to an integer, without the way through an int and back. */
const ROUNDER = 1.5 * 2 ** 52

const MINUS = 0x2d
const DOT = 0x2e
const ZERO = 0x30
const PLUS = 0x2b
/** The double whose bytes are these eight characters, to write them at once. */
const ZERO_DOT_ZEROS = Buffer.from('0.000000').readDoubleBE()
const LOWER_E = 0x65

/** Below this every integer is a float32, so that no shorter decimal than its own can read back to it. */
const INTEGERS = 2 ** 24

const cell = new Float32Array(1)
const cellBits = new Int32Array(cell.buffer)

/**
 * For every exponent field e, at 2e: the power of ten that brings 2^(e-127) into [10^8, 10^9), half the scaled distance
 * of float32s there, and where the decimal point then stands behind the first digit; at 2e + 1 the same for a tenth.
 */
const SCALE = new Float64Array(512)
const HALF = new Float64Array(512)
const POINT = new Int32Array(512)
for (let field = 1; field < 255; field++) {
  const least = 2 ** (field - 127)
  let power = 8 - Math.floor(Math.log10(least))
  for (let i = 2 * field; i <= 2 * field + 1; i++, power--) {
    SCALE[i] = Number(`1e${power}`)
    HALF[i] = 2 ** (field - 127 - 24) * SCALE[i]
    POINT[i] = 9 - power
  }
}

/** The three ASCII digits of every number below 1000, the first in the lowest byte. */
const DIGITS = Int32Array.from({ length: 1000 }, (_, i) => {
  return 0x303030 + (Math.floor(i / 100) | ((Math.floor(i / 10) % 10) << 8) | ((i % 10) << 16))
})

/** -1 if `difference`, less than 1000 and not within ERROR of 0, is negative, else 0. */
const signOf = (difference: number): number => (difference * 2 ** 21) >> 31

/**
 * Writes the float32 with these `bits` as ASCII from `at` on. `view` has to have MAX_FLOAT32_TEXT bytes there; those
 * behind the text may be written over. −0 becomes `-0`, so that it reads back too.
 *
 * Whether a number is negative, or has seven, eight or nine digits, is what no branch predictor can know of weights and
 * activations, so these are computed without branches: that is half of the time. The bits are asked for, instead of the
 * value, because V8 would allocate a double to hand it over.
 * @returns the position behind the text, or -1 if the value is NaN or infinite
 */
export function writeFloat32(view: DataView, at: number, bits: number): number {
  cellBits[0] = bits
  const magnitude = Math.abs(cell[0])
  view.setInt8(at, MINUS)
  const start = at + (bits >>> 31)
  const whole = magnitude | 0
  if (whole === magnitude && whole < INTEGERS) return writeInteger(view, start, whole)

  const field = (bits >>> 23) & 0xff
  if (field === 0xff) return -1
  // Subnormals are too coarse, and powers of two lie nearer to the float32 below them than to the one above.
  if (field === 0 || (bits & 0x7fffff) === 0) return shortestExactly(view, start, magnitude)
  let row = field << 1
  let scaled = magnitude * SCALE[row]
  if (scaled >= 1e9) scaled = magnitude * SCALE[++row]
  const half = HALF[row]

  const ones = scaled + ROUNDER - ROUNDER
  const tens = (scaled * 0.1 + ROUNDER - ROUNDER) * 10
  const hundreds = (scaled * 0.01 + ROUNDER - ROUNDER) * 100
  const thousands = (scaled * 0.001 + ROUNDER - ROUNDER) * 1000
  const tensOutside = Math.abs(scaled - tens) - half
  const hundredsOutside = Math.abs(scaled - hundreds) - half
  const thousandsOutside = Math.abs(scaled - thousands) - half
  const hasNine = ~signOf(tensOutside)
  const hasSeven = signOf(hundredsOutside)
  let digits = (tens | 0) + ((ones - tens) & hasNine) + ((hundreds - tens) & hasSeven)
  let count = 8 - hasNine + hasSeven
  // Halfway between two candidates: 0.5, 5 or 50.
  const tie = 5 + 4.5 * hasNine - 45 * hasSeven
  if (
    Math.abs(tensOutside) < ERROR ||
    Math.abs(hundredsOutside) < ERROR ||
    Math.abs(thousandsOutside) < ERROR ||
    Math.abs(scaled - digits) > tie - ERROR
  ) {
    return shortestExactly(view, start, magnitude)
  }
  if (thousandsOutside < 0) {
    // The interval is narrower than 120, so this multiple of 1000 is the only one, and its zeros can go.
    digits = thousands | 0
    count = significantDigits(digits)
  }
  return writeDecimal(view, start, digits, count, POINT[row])
}

/** The digits of a number of nine without the zeros at its end, of which it has three at least. */
function significantDigits(nineDigits: number): number {
  let count = 6
  for (let rest = ((nineDigits | 0) / 1000) | 0; count > 1 && rest % 10 === 0; rest = (rest / 10) | 0) count--
  return count
}

function writeInteger(view: DataView, at: number, whole: number): number {
  let end = at + 1
  for (let bound = 10; whole >= bound; bound *= 10) end++
  let rest = whole | 0
  for (let i = end - 1; i >= at; i--) {
    const tenth = (rest / 10) | 0
    view.setInt8(i, ZERO + rest - Math.imul(10, tenth))
    rest = tenth
  }
  return end
}

/**
 * Tries ever more digits, the closest decimal of that many first. Only for a power of two can that one fail to read
 * back while the next above it does, for there the interval is half as wide below as above.
 */
function shortestExactly(view: DataView, at: number, magnitude: number): number {
  for (let count = 1; ; count++) {
    const [mantissa, exponent] = magnitude.toExponential(count - 1).split('e')
    const closest = Number(mantissa.replace('.', ''))
    for (let digits = closest; digits <= closest + 1; digits++) {
      if (Math.fround(Number(`${digits}e${Number(exponent) - count + 1}`)) === magnitude) {
        return writeDecimal(view, at, (digits * POWERS_OF_TEN[9 - count]) | 0, count, Number(exponent) + 1)
      }
    }
  }
}

/**
 * Writes the first `count` of nine digits with the decimal point behind the first `point` of them, in the form that
 * Number::toString of ECMA-262 prescribes. What is written beyond the end is overwritten by what follows.
 */
function writeDecimal(view: DataView, at: number, nineDigits: number, count: number, point: number): number {
  // 999999999.7 may have been rounded up to ten digits.
  if (nineDigits === 1e9) return writeDecimal(view, at, 1e8, 1, point + 1)
  if (point > 0 || point <= -6) return writeLargeOrTiny(view, at, nineDigits, count, point)
  // With the at most five zeros that may follow; the digits overwrite what is too much.
  view.setFloat64(at, ZERO_DOT_ZEROS)
  const first = at + 2 - point
  writeNine(view, first, nineDigits)
  return first + count
}

function writeLargeOrTiny(view: DataView, at: number, nineDigits: number, count: number, point: number): number {
  // One place to the right, so that the digits before the point can move up to make room for it.
  writeNine(view, at + 1, nineDigits)
  if (point > 0 && point <= 21) {
    const integer = Math.min(point, 9)
    for (let i = at; i < at + integer; i++) view.setInt8(i, view.getInt8(i + 1))
    for (let i = at + 9; i < at + point; i++) view.setInt8(i, ZERO)
    if (count <= point) return at + point
    view.setInt8(at + point, DOT)
    return at + count + 1
  }
  view.setInt8(at, view.getInt8(at + 1))
  view.setInt8(at + 1, DOT)
  let end = count === 1 ? at + 1 : at + count + 1
  view.setInt8(end++, LOWER_E)
  const exponent = point - 1
  view.setInt8(end++, exponent < 0 ? MINUS : PLUS)
  return writeInteger(view, end, exponent < 0 ? -exponent : exponent)
}

function writeNine(view: DataView, at: number, nineDigits: number): void {
  // Known to be an int32, it is divided by multiplication.
  const whole = nineDigits | 0
  const thousands = (whole / 1000) | 0
  const millions = (thousands / 1000) | 0
  view.setInt32(at, DIGITS[millions], true)
  view.setInt32(at + 3, DIGITS[thousands - Math.imul(1000, millions)], true)
  view.setInt32(at + 6, DIGITS[whole - Math.imul(1000, thousands)], true)
}
