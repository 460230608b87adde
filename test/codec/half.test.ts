import t from 'tap'
import { bfloatsToFloats, floatsToBfloats, floatsToHalves, halvesToFloats } from '../../src/codec/half.ts'
import { flatten, random } from '../tensors.ts'

const everyWord = Uint16Array.from({ length: 65536 }, (_, i) => i)

function floatsOf(words: Uint16Array, convert: typeof halvesToFloats): Float32Array {
  const floats = new Float32Array(words.length)
  convert(words, floats)
  return floats
}

function wordsOf(floats: Float32Array, convert: typeof floatsToHalves): Uint16Array {
  const words = new Uint16Array(floats.length)
  convert(floats, words)
  return words
}

const halves = floatsOf(everyWord, halvesToFloats)
const bfloats = floatsOf(everyWord, bfloatsToFloats)

t.test('binary16: the values of its definition', async (t) => {
  for (const [bits, value] of [
    [0x0000, 0],
    [0x8000, -0],
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x3555, 0.333251953125],
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x7c00, Number.POSITIVE_INFINITY],
    [0xfc00, Number.NEGATIVE_INFINITY]
  ])
    t.ok(Object.is(halves[bits], value), `0x${bits.toString(16)} is ${value}`)
  const wrong = everyWord.filter((bits) => {
    const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023]
    const magnitude = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25)
    if (exponent === 31)
      return fraction === 0 ? halves[bits] !== sign * Number.POSITIVE_INFINITY : !Number.isNaN(halves[bits])
    return !Object.is(halves[bits], sign * magnitude)
  })
  t.equal(wrong.length, 0, 'of all 65,536')
})

t.test('bfloat16: the upper half of a float32', async (t) => {
  for (const [bits, value] of [
    [0x3f80, 1],
    [0xc049, -3.140625],
    [0x0001, 2 ** -133],
    [0x7f7f, 3.3895313892515355e38],
    [0xff80, Number.NEGATIVE_INFINITY]
  ])
    t.equal(bfloats[bits], value)
})

for (const [name, values, convert] of [
  ['binary16', halves, floatsToHalves],
  ['bfloat16', bfloats, floatsToBfloats]
] as const) {
  const finite = everyWord.filter((bits) => bits < 0x8000 && Number.isFinite(values[bits]))

  t.test(`${name}: each of its values comes back`, async (t) => {
    const back = wordsOf(values, convert)
    const wrong = everyWord.filter((bits) =>
      Number.isNaN(values[bits]) ? !Number.isNaN(values[back[bits]]) : back[bits] !== bits
    )
    t.equal(wrong.length, 0)
  })

  t.test(`${name}: what lies between two goes to the nearer, the middle to the even one`, async (t) => {
    // between neighbours, the middle is a float32 and has float32s on both sides
    const bits = new Int32Array(1)
    const float = new Float32Array(bits.buffer)
    const next = (value: number, by: number): number => {
      float[0] = value
      bits[0] += by
      return float[0]
    }
    let wrong = 0
    for (const low of finite) {
      const high = low + 1
      // what follows the largest one counts as if the exponent went on: from its middle on all is infinite
      const above = finite.includes(high) ? values[high] : 2 * values[low] - values[low - 1]
      const middle = (values[low] + above) / 2
      const even = low % 2 === 0 ? low : high
      const cases: [number, number][] = [
        [middle, even],
        [next(middle, -1), low],
        [next(middle, 1), high]
      ]
      if (Math.fround(middle) !== middle) continue // below the smallest float32 there is nothing
      for (const [value, expected] of cases) {
        const words = wordsOf(Float32Array.of(value, -value), convert)
        if (words[0] !== expected || words[1] !== (expected | 0x8000)) wrong++
      }
    }
    t.equal(wrong, 0)
  })

  t.test(`${name}: random numbers of every size are off by half a unit at most`, async (t) => {
    for (const scale of [1e-42, 1e-30, 1e-7, 1e-4, 1, 1e4]) {
      const floats = Float32Array.from(flatten(random(1, [1000], scale)))
      const rounded = wordsOf(floats, convert)
      const wrong = floats.filter((value, i) => {
        const error = Math.abs(values[rounded[i]] - value)
        const neighbours = [rounded[i] - 1, rounded[i] + 1].map((near) => values[near & 0xffff])
        return neighbours.some((near) => Math.abs(near - value) < error)
      })
      t.equal(wrong.length, 0, String(scale))
    }
  })
}

t.test('too large is infinite', async (t) => {
  t.strictSame(
    [...wordsOf(Float32Array.of(65519.996, 65520, -1e30, 3.4e38), floatsToHalves)],
    [0x7bff, 0x7c00, 0xfc00, 0x7c00]
  )
  t.strictSame(
    [...wordsOf(Float32Array.of(3.3961776e38, 3.4028235e38, -3.4028235e38), floatsToBfloats)],
    [0x7f80, 0x7f80, 0xff80]
  )
  t.equal(wordsOf(Float32Array.of(3.3961e38), floatsToBfloats)[0], 0x7f7f)
})
