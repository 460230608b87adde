import t from 'tap'
import { FLOATS, floatBits, floats, TEXT, text, writeNumbers } from '../../../../src/codec/json/wasm/module.ts'

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
    [2 ** -103, '9.8607613e-32'],
    [7.03853e-26, '7.03853e-26'],
    // Its nearest short decimal, 7.038531e-26, reads back to the one above it by way of float64.
    [7.0385307e-26, '7.0385307e-26'],
    [7.0385313e-26, '7.038531e-26']
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

/** A reproducible stream of finite float32s. */
function* randomFloats(count: number): Generator<number> {
  let state = 7
  for (let i = 0; i < count; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const value = fromBits(state ^ (state >>> 15))
    if (!Number.isFinite(value)) continue
    yield value
    i++
  }
}

/** What `writeNumbers` makes of all of them, at most as many as a piece of text holds. */
function writtenTogether(values: Float32Array): string[] {
  floatBits.set(new Int32Array(values.buffer, values.byteOffset, values.length))
  const end = writeNumbers(FLOATS, values.length, TEXT, 0, 0) - TEXT
  return Buffer.from(text.buffer, TEXT)
    .toString('latin1', 0, end - 1)
    .split(',')
}

/**
 * Whether the text is the closest of the shortest decimals that read back. If one of fewer digits did, the closest of one
 * digit less would.
 */
function isShortest(text: string, value: number): boolean {
  const count = text
    .replace(/e.*/, '')
    .replace(/^-?[0.]*/, '')
    .replace('.', '')
    .replace(/0+$/, '').length
  // Powers of two, where the intervals are uneven, by trying; and zero.
  if ((bitsOf(value) & 0x7fffff) === 0) return text === shortest(value)
  if (!same(text, value) || text !== String(Number(value.toPrecision(count)))) return false
  return count === 1 || !same(value.toPrecision(count - 1), value)
}

t.test('2,000,000 random bit patterns', async (t) => {
  const faults: string[] = []
  const values = new Float32Array(2000)
  const random = randomFloats(2_000_000)
  for (let done = 0; done < 2_000_000; done += values.length) {
    for (let i = 0; i < values.length; i++) values[i] = random.next().value as number
    for (const [i, text] of writtenTogether(values).entries()) {
      if (!isShortest(text, values[i])) faults.push(`${values[i]}: ${text}`)
    }
  }
  t.same(faults.slice(0, 5), [])
})

t.test('numbers like those of models: 500,000 near 1, with and without a mantissa of few bits', async (t) => {
  const faults: string[] = []
  const values = new Float32Array(2000)
  let mask = 0
  for (const random of randomFloats(250)) {
    // The last bits away: 0 to 23 of them.
    mask = (mask + 1) % 24
    let state = bitsOf(random)
    for (let i = 0; i < values.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0
      const exponent = 110 + ((state >>> 8) % 30)
      values[i] = fromBits((state & -0x80000000) | (exponent << 23) | ((state >>> 3) & 0x7fffff & (-1 << mask)))
    }
    for (const [i, text] of writtenTogether(values).entries()) {
      if (!isShortest(text, values[i])) faults.push(`${values[i]}: ${text}`)
    }
  }
  t.same(faults.slice(0, 5), [])
})

t.test('rows end where they should, and a value that is not finite is found anywhere', async (t) => {
  for (const rowLength of [1, 2, 3, 7, 255, 256, 257, 600]) {
    const count = 2 * rowLength
    for (const before of [0, rowLength - 1]) {
      floats.fill(0.5, 0, count)
      const end = writeNumbers(FLOATS, count - before, TEXT, rowLength, before) - TEXT
      const first = new Array(rowLength - before).fill('0.5')
      const expected = `${first}],[${new Array(rowLength).fill('0.5')}],[`
      t.equal(Buffer.from(text.buffer, TEXT).toString('latin1', 0, end), expected)
    }
    for (const bad of [0, rowLength, count - 1]) {
      floats.fill(0.5, 0, count)
      floats[bad] = Number.NaN
      t.equal(writeNumbers(FLOATS, count, TEXT, rowLength, 0), 0)
    }
  }
})
