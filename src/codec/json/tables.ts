/** The tables of wasm/assembly/regions.ts: from exact integers, so that no rounding of Node's goes into them. */

interface TableAddresses {
  readonly powersOfTen: number
  readonly scales: number
  readonly binades: number
  readonly forms: number
}

/** Numerator and denominator of 10^power. */
const tenTo = (power: number): [bigint, bigint] =>
  power < 0 ? [1n, 10n ** BigInt(-power)] : [10n ** BigInt(power), 1n]

/** Numerator and denominator of a fraction times 2^power. */
const timesTwoTo = ([numerator, denominator]: [bigint, bigint], power: number): [bigint, bigint] =>
  power < 0 ? [numerator, denominator << BigInt(-power)] : [numerator << BigInt(power), denominator]

export function fillTables(memory: ArrayBuffer, at: TableAddresses): void {
  const powers = new Float64Array(memory, at.powersOfTen, 309)
  for (let power = 0; power < powers.length; power++) powers[power] = Number(`1e${power}`)
  fillScales(new BigUint64Array(memory, at.scales, 77))
  fillBinades(new DataView(memory, at.binades, 256 * 16))
  fillForms(new Uint8Array(memory, at.forms, POINTS * 3 * 16))
}

/** ceil(10^k · 2^r) for k = -31 … 45, with the r that makes it a number of 64 bits. */
function fillScales(scales: BigUint64Array): void {
  for (let i = 0; i < scales.length; i++) {
    const power = tenTo(i - 31)
    let r = 63 - Math.floor((i - 31) * Math.log2(10))
    for (; ; r--) {
      const [numerator, denominator] = timesTwoTo(power, r)
      const scale = (numerator + denominator - 1n) / denominator
      scales[i] = scale
      if (scales[i] === scale) break
    }
  }
}

const FRACTION_BITS = 36
const LEAST_POINT = -3
const MOST_POINT = 9
const POINTS = MOST_POINT - LEAST_POINT + 1

/** For every exponent field the distance of its float32s in units of 10^k, k, and so where the decimal point stands. */
function fillBinades(binades: DataView): void {
  for (let field = 0; field < 256; field++) {
    const q = field - 150
    const k = Math.floor(q * Math.log10(2))
    const point = 9 + k
    if (field === 0 || field === 255 || point < LEAST_POINT || point > MOST_POINT) continue
    const [numerator, denominator] = timesTwoTo(tenTo(-k), q + FRACTION_BITS + 1)
    binades.setBigUint64(16 * field, (numerator / denominator + 1n) >> 1n, true)
    binades.setInt32(16 * field + 8, (point - LEAST_POINT) * 3 * 16, true)
    binades.setInt32(16 * field + 12, point, true)
  }
}

const POINT_LANE = 9
const ZERO_LANE = 15

/** "0.00ddd" or "dd.ddd": for every character the lane of its digit, of which the first `missing` are left out. */
function fillForms(forms: Uint8Array): void {
  forms.fill(ZERO_LANE)
  for (let i = 0; i < POINTS * 3; i++) {
    const missing = i % 3
    const point = LEAST_POINT + Math.floor(i / 3) - missing
    const before = Math.max(point, 0)
    const digits = Array.from({ length: 9 - missing }, (_, digit) => missing + digit)
    const zeros = new Array(Math.max(-point, 0)).fill(ZERO_LANE)
    const whole = point > 0 ? digits.slice(0, before) : [ZERO_LANE]
    forms.set([...whole, POINT_LANE, ...zeros, ...digits.slice(before)].slice(0, 16), 16 * i)
  }
}
