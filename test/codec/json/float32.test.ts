import t from 'tap'
import { FLOATS, floatBits, TEXT, text, writeNumbers } from '../../../src/codec/json/wasm/module.ts'

const cell = new Float32Array(1)
const bits = new Int32Array(cell.buffer)
const bitsOf = (value: number): number => {
  cell[0] = value
  return bits[0]
}
const fromBits = (pattern: number): number => {
  bits[0] = pattern
  return cell[0]
}

const START = 3
/** The longest text, "-123456790000000000000", and the comma behind it. */
const LONGEST = 23
const GUARD = 0x7e

/** Writes the float32 with these bits. Before it nothing may change, and nothing behind the room for the longest text. */
function written(value: number): string {
  floatBits[0] = bitsOf(value)
  text.fill(GUARD, 0, 2 * LONGEST)
  const end = writeNumbers(FLOATS, 1, TEXT + START, 0, 0) - TEXT
  const untouched = [...text.subarray(0, START), ...text.subarray(START + LONGEST, 2 * LONGEST)]
  if (text[end - 1] !== 0x2c || untouched.some((byte) => byte !== GUARD))
    throw new Error(`${value} was written beyond its place`)
  return Buffer.from(text.buffer, TEXT).toString('latin1', START, end - 1)
}

const same = (text: string, value: number): boolean => Object.is(Math.fround(Number(text)), value)

/**
 * The shortest by trying: of ever more digits, the two decimals that enclose the value in exact arithmetic, the closer one
 * first. 2^149 makes an integer of every float32.
 */
function shortest(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const sign = value < 0 ? '-' : ''
  const magnitude = Math.abs(value)
  // In two steps, of which none overflows or loses a bit.
  const exact = BigInt(magnitude * 2 ** 149)
  const exponent = Number(magnitude.toExponential(20).split('e')[1])
  for (let count = 1; count <= 9; count++) {
    const unit = exponent - count + 1
    const [numerator, denominator] =
      unit < 0 ? [exact * 10n ** BigInt(-unit), 2n ** 149n] : [exact, 2n ** 149n * 10n ** BigInt(unit)]
    const below = numerator / denominator
    const rest = numerator % denominator
    const candidates = rest * 2n < denominator ? [below, below + 1n] : [below + 1n, below]
    for (const digits of candidates) {
      const text = `${sign}${digits}e${unit}`
      if (same(text, value)) return String(Number(text))
    }
  }
  throw new Error(`${value} has no nine digits`)
}

function wrong(values: Iterable<number>): string[] {
  const faults: string[] = []
  for (const value of values) {
    const text = written(value)
    if (text !== shortest(value) || !same(text, value)) faults.push(`${value}: ${text}, not ${shortest(value)}`)
  }
  return faults.slice(0, 5)
}

t.test('known values', async (t) => {
  const cases: [number, string][] = [
    [0, '0'],
    [-0, '-0'],
    [1, '1'],
    [-1, '-1'],
    [10, '10'],
    [123456, '123456'],
    [16777215, '16777215'],
    [16777216, '16777216'],
    [-16777216, '-16777216'],
    [123456789, '123456790'],
    [0.1, '0.1'],
    [0.5, '0.5'],
    [-0.25, '-0.25'],
    [1 / 3, '0.33333334'],
    [1e-6, '0.000001'],
    [1.5e-6, '0.0000015'],
    [1e-7, '1e-7'],
    [-1.234e-7, '-1.234e-7'],
    [1e20, '100000000000000000000'],
    [-1.2345679e20, '-123456790000000000000'],
    [1e21, '1e+21'],
    [1.5e21, '1.5e+21'],
    [3.4028234663852886e38, '3.4028235e+38'],
    [1.1754943508222875e-38, '1.1754944e-38'],
    [1.401298464324817e-45, '1e-45'],
    [-1.1754942e-38, '-1.1754942e-38'],
    [0.99999994, '0.99999994'],
    [9.999999, '9.999999'],
    [8.589973504e9, '8589974000'],
    [2 ** -44, '5.684342e-14'],
    [2 ** -103, '9.8607613e-32']
  ]
  for (const [value, text] of cases) t.equal(written(Math.fround(value)), text)
  for (const [value, text] of cases) t.equal(shortest(Math.fround(value)), text, 'the oracle')
})

t.test('NaN and infinities are left to the caller', async (t) => {
  const patterns = [0x7f800000, 0x7f800001, 0x7fc00000, 0x7fffffff]
  for (const pattern of patterns.flatMap((pattern) => [pattern, pattern | 0x80000000])) {
    floatBits.set([0, pattern | 0])
    t.equal(writeNumbers(FLOATS, 2, TEXT, 0, 0), 0)
  }
})

/** Each value with its neighbours, where they are finite. */
function* withNeighbours(values: Iterable<number>, reach = 2): Generator<number> {
  for (const value of values) {
    const centre = bitsOf(value)
    for (let step = -reach; step <= reach; step++) {
      const near = fromBits(centre + step)
      if (Number.isFinite(near)) yield near
    }
  }
}

t.test('all powers of two and ten, subnormals and normals, and their neighbours', async (t) => {
  const twos = Array.from({ length: 277 }, (_, i) => Math.fround(2 ** (i - 149)))
  const tens = Array.from({ length: 84 }, (_, i) => Math.fround(Number(`1e${i - 45}`)))
  t.same(wrong(withNeighbours(twos)), [])
  t.same(wrong(withNeighbours(tens, 20)), [])
  t.same(wrong(withNeighbours([1e-45, 5e-44, 1e-40, 1.1754942e-38, 3.4028235e38, 16777216], 200)), [])
})

t.test('what models hold: integers, decimals of few digits, dyadic fractions', async (t) => {
  const integers = Array.from({ length: 3000 }, (_, i) => Math.fround(Math.round(1.008 ** i)))
  const decimals = Array.from({ length: 6000 }, (_, i) => Math.fround(((i * 7919) % 10007) / 10 ** (i % 9)))
  const dyadic = Array.from({ length: 6000 }, (_, i) => Math.fround(((i * 7919) % 65537) / 2 ** (i % 24)))
  t.same(wrong(integers), [])
  t.same(wrong(decimals), [])
  t.same(wrong(dyadic), [])
})

t.test('200,000 random bit patterns', async (t) => {
  let state = 7
  const faults: string[] = []
  for (let i = 0; i < 200_000; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const value = fromBits(state ^ (state >>> 15))
    if (!Number.isFinite(value)) continue
    const text = written(value)
    // The closest of the shortest length, by toPrecision; right for all but powers of two, which have their own test.
    let count = 1
    while (!same(value.toPrecision(count), value)) count++
    if (text !== String(Number(value.toPrecision(count)))) faults.push(`${value}: ${text}`)
  }
  t.same(faults.slice(0, 5), [])
})
