import fc from 'fast-check'
import t from 'tap'
import { readJson } from '../../../src/codec/json/read.ts'
import type { Tensor } from '../../../src/codec/tensor.ts'
import { bytesOf, disagreement } from './agreement.ts'

/** Reads all texts as one tensor and names those that are not Math.fround(Number(text)), to the sign of zero. */
function wrong(texts: readonly string[]): string[] {
  const { x } = readJson(bytesOf(`{"x":[${texts}]}`), { x: 'tensor' }) as { x: Tensor }
  if (x.data.length !== texts.length) return ['the count']
  return texts.filter((text, i) => !Object.is(x.data[i], Math.fround(Number(text))))
}

const finite = (text: string): boolean => Number.isFinite(Math.fround(Number(text)))

const cell = new Float32Array(1)
const bits = new Uint32Array(cell.buffer)
const fromBits = (pattern: number): number => {
  bits[0] = pattern
  return cell[0]
}

/** A reproducible stream of uint32. */
let state = 1
const next = (): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return (state ^ (state >>> 15)) >>> 0
}

t.test('forms', async (t) => {
  const texts = [
    ...[
      '0',
      '-0',
      '0.0',
      '-0.0',
      '0e5',
      '0e999999999999',
      '-0E-99999999999999999999',
      '0.000e+7',
      '1',
      '-1',
      '10',
      '1e-400',
      '-1e-400'
    ],
    ...[
      '1e-45',
      '7e-46',
      '7.1e-46',
      '1.401298464324817e-45',
      '7.006492321624085e-46',
      '7.006492321624086e-46',
      '1.1754942e-38'
    ],
    ...[
      '1.17549435e-38',
      '5e-324',
      '2.4703282292062327e-324',
      '3.4028234663852886e38',
      '3.4028235677973362e38',
      '1e38',
      '340282346638528859811704183484516925440'
    ],
    ...[
      '123456789',
      '1234567890',
      '12345678901234567890',
      '0.123456789012345678',
      '0.1234567890123456789',
      '0.12345678901234567890123'
    ],
    ...[
      '9007199254740992',
      '9007199254740993',
      '9007199254740991',
      '0.9007199254740993',
      '900719925474099.3',
      '16777217',
      '16777217.0000001',
      '16777216.9999999'
    ],
    ...[
      '1e22',
      '1e23',
      '1e-22',
      '1e-23',
      '9007199254740993e-22',
      '1E+5',
      '1.5E-5',
      '2.5e05',
      '1e00000000000000000000',
      '1e-00000000000000000003'
    ],
    ...[
      `0.${'0'.repeat(50)}1`,
      `0.${'0'.repeat(400)}1`,
      `1${'0'.repeat(38)}`,
      `1${'0'.repeat(400)}e-400`,
      `0.${'0'.repeat(400)}1e401`,
      `0.${'9'.repeat(300)}`
    ],
    ...[
      '1.5',
      '12.25',
      '123.125',
      '1234.5',
      '12345.5',
      '123456.5',
      '1234567.5',
      '12345678.5',
      '123456789.5',
      '1234567890.5'
    ],
    ...Array.from({ length: 40 }, (_, i) => `0.${'1234567890'.repeat(4).slice(0, i + 1)}`),
    ...Array.from({ length: 40 }, (_, i) => `${'9876543210'.repeat(4).slice(0, i + 1)}${i > 37 ? 'e-9' : '.5'}`)
  ]
  for (const text of texts) t.same(wrong([text]), [], text)
  t.same(wrong(texts), [])
})

t.test('the shortest text of random floats and doubles', async (t) => {
  const floats: string[] = []
  for (let i = 0; i < 60_000; i++) {
    const value = fromBits(next())
    if (Number.isFinite(value)) floats.push(String(value), value.toPrecision(1 + (i % 21)))
  }
  t.same(wrong(floats.filter(finite)), [])
})

t.test('any byte at any place in a number', async (t) => {
  for (const text of ['12.3456789e12', '-0.123456789012345678901', '123456789012', '1.2', '0']) {
    for (let place = 0; place <= text.length; place++) {
      for (let byte = 0; byte < 256; byte++) {
        const bytes = bytesOf(`{"x":[[${text.slice(0, place)}?${text.slice(place + 1)}],[1]]}`)
        bytes[bytes.indexOf(0x3f)] = byte
        const fault = disagreement(bytes, { x: 'tensor' })
        if (fault !== undefined) t.fail(fault)
      }
    }
  }
})

t.test('random digits', async () => {
  const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 45 })
  const number = fc
    .tuple(
      fc.constantFrom('', '-'),
      fc.oneof(fc.constant('0'), digits),
      fc.option(digits),
      fc.option(fc.integer({ min: -420, max: 60 }))
    )
    .map(([sign, whole, fraction, exponent]) => {
      const lead = whole.replace(/^0+(?=\d)/, '')
      return `${sign}${lead}${fraction === null ? '' : `.${fraction}`}${exponent === null ? '' : `e${exponent}`}`
    })
    .filter(finite)
  fc.assert(
    fc.property(fc.array(number, { minLength: 1, maxLength: 40 }), (texts) => {
      const faults = wrong(texts)
      if (faults.length > 0) throw new Error(faults.join(' '))
    }),
    { numRuns: 2000 }
  )
})

/** `value`, which is dyadic, in all its decimal digits, and `nudge` times 10^-`places` more. */
function exactly(value: number, places: number, nudge: bigint): string {
  const scaled = BigInt(value * 2 ** 60) * 10n ** BigInt(places)
  const total = scaled / 2n ** 60n + nudge
  const text = String(total).padStart(places + 1, '0')
  return `${text.slice(0, -places)}.${text.slice(-places)}`
}

t.test('next to the middle between two float32s, where the double decides', async (t) => {
  const texts: string[] = []
  for (let i = 0; i < 4000; i++) {
    // Between 2^-12 and 2^12, so that 2^60 times the middle is an integer below 2^1023.
    const value = fromBits(((115 + (next() % 24)) << 23) | (next() >>> 9))
    const above = fromBits((bits[0] + 1) >>> 0)
    const middle = (value + above) / 2
    for (const places of [9, 12, 17, 20, 30, 45, 60]) {
      for (const nudge of [-1n, 0n, 1n]) texts.push(exactly(middle, places, nudge))
    }
    // The same middle, moved up to where all digits stand before the point.
    const large = BigInt(middle * 2 ** 40) * 2n ** BigInt(next() % 12)
    for (const nudge of [-1n, 0n, 1n]) texts.push(String(large + nudge))
    texts.push(String(middle), middle.toPrecision(17), middle.toExponential(25), `${middle.toPrecision(16)}1`)
  }
  t.same(wrong(texts).slice(0, 5), [])
})

t.test('2,000,000 random bit patterns, in the shortest text and in others', async (t) => {
  const faults: string[] = []
  for (let round = 0; round < 40; round++) {
    const texts: string[] = []
    while (texts.length < 50_000) {
      const value = fromBits(next())
      if (Number.isFinite(value))
        texts.push(texts.length % 3 === 0 ? value.toPrecision(1 + (next() % 20)) : String(value))
    }
    faults.push(...wrong(texts.filter(finite)))
  }
  t.same(faults.slice(0, 5), [])
})

/** Reads the arrays between these texts and compares them with what JSON.parse reads. */
function differs(text: string): string | undefined {
  const { x } = readJson(bytesOf(`{"x":${text}}`), { x: 'tensor' }) as { x: Tensor }
  const expected = Float32Array.from((JSON.parse(text) as number[]).flat(3))
  return Buffer.from(x.data.buffer).equals(Buffer.from(expected.buffer)) ? undefined : text.slice(0, 200)
}

t.test('numbers cut at any byte where a piece of the document ends', async (t) => {
  const forms = [
    '-0.123456789',
    '1',
    '[',
    '1.2345678901234567e-05',
    `0.${'3'.repeat(90)}`,
    '-12345.678901234567890',
    '0'
  ]
  const numbers = forms.filter((form) => form !== '[')
  for (const pieceEnd of [4096, 4096 + 65536]) {
    for (let shift = 0; shift < 260; shift++) {
      const lead = '0.5,'.repeat(Math.floor((pieceEnd - 130) / 4))
      const tail = Array.from({ length: 12 }, (_, i) => numbers[(i + shift) % numbers.length])
      const rows = [tail, tail.toReversed()].map((row) => `[${row.join(shift % 2 ? ' ,\n' : ',')}]`).join(' , ')
      const pad = ' '.repeat(shift % 130)
      for (const text of [
        `[${lead}${pad}${tail}]`,
        `[[${lead.slice(0, 4 * 11)}${pad}1],${`${rows},`.repeat(3)}${rows}]`
      ]) {
        const fault = differs(text)
        if (fault !== undefined) t.fail(`${pieceEnd}, ${shift}: ${fault}`)
      }
    }
  }
})

t.test('rows cut at any byte where a piece of the document ends', async (t) => {
  for (const row of ['[1,-2.5,3]', '[ 1 , 2 , 3.25 ]', '[0.123456789,1e-3,-0]']) {
    for (const separator of [',', ' ,\n ']) {
      for (let shift = 0; shift < 40; shift++) {
        const text = `[${' '.repeat(shift)}${new Array(8000).fill(row).join(separator)}]`
        const fault = differs(text)
        if (fault !== undefined) t.fail(`${row}, ${shift}: ${fault}`)
      }
    }
  }
})

t.test('numbers and whitespace that are longer than a piece', async (t) => {
  for (const length of [4000, 4096, 5000, 65_530, 65_536, 65_537, 200_000]) {
    const long = `0.${'4'.repeat(length)}`
    const whole = `1${'0'.repeat(length)}e-${length}`
    const space = ' \n'.repeat(length / 2)
    t.equal(differs(`[1,${long},2,${whole},-${long},3]`), undefined, `${length} digits`)
    t.equal(differs(`[${space}1${space},${space}2${space}]`), undefined, `${length} bytes of whitespace`)
    t.equal(differs(`[[1${space}]${space},${space}[${space}2]]`), undefined, `${length} bytes between rows`)
    const cut = bytesOf(`{"x":[1,${long}`)
    t.throws(() => readJson(cut, { x: 'tensor' }), { code: 'LSTM_ERR_MALFORMED_JSON' })
  }
})
