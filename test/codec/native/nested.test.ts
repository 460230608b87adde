import fc from 'fast-check'
import t from 'tap'
import { readJson } from '../../../src/codec/json/read.ts'
import { useNativeCodec } from '../../../src/codec/native/codec.ts'
import { readNestedNatively } from '../../../src/codec/native/nested.ts'
import { Tensor } from '../../../src/codec/tensor.ts'
import { LstmError } from '../../../src/errors.ts'
import { nativeHere, skip } from './here.ts'

const PLAN = { x: 'tensor' } as const
const START = 5
const documentOf = (text: string): Buffer => Buffer.from(`{"x":${text}}`)

/** What the native code makes of the tensor of a document; undefined if it leaves it to the portable codec. */
function natively(document: Uint8Array): Tensor | undefined {
  useNativeCodec(nativeHere)
  return readNestedNatively(document, START, 64)?.tensor
}

/** What becomes of a document with either codec: the tensor's shape and bits, or the words of the error. */
function outcome(document: Uint8Array, codec: typeof nativeHere): string {
  useNativeCodec(codec)
  try {
    const { x } = readJson(document, PLAN) as { x: unknown }
    if (!(x instanceof Tensor)) return `no tensor: ${JSON.stringify(x)}`
    const { shape, data } = x
    return JSON.stringify([shape, [...new Int32Array(data.buffer, data.byteOffset, data.length)]])
  } catch (error) {
    if (!(error instanceof LstmError)) throw error
    return `${error.code} ${error.message}`
  }
}

/** How the two disagree, if they do. */
function disagreement(document: Uint8Array): string | undefined {
  const [native, portable] = [outcome(document, nativeHere), outcome(document, undefined)]
  if (native === portable) return undefined
  return `${Buffer.from(document).toString('latin1').slice(0, 400)}: ${native.slice(0, 100)}, not ${portable.slice(0, 100)}`
}

/** A reproducible stream of numbers from 0 to 1. */
let state = 11
const random = (): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state / 2 ** 32
}
const below = (count: number): number => Math.floor(random() * count)

/** Numbers in the ways of clients: few and many digits, integers, exponents, zeros. */
const forms: (() => string)[] = [
  () => String(random()),
  () => String(Math.fround(random() - 0.5)),
  () => (random() * 20 - 10).toFixed(below(12)),
  () => (random() - 0.5).toPrecision(1 + below(17)),
  () => String(below(3) - 1),
  () => String(below(2) * 10 ** below(18)),
  () => `-0.${'0'.repeat(below(24))}${below(1e9)}`,
  () => (random() * 10 ** (below(60) - 30)).toExponential(below(17)),
  () => `${below(1e9)}.${'123456789'.repeat(1 + below(5))}`,
  () => `${below(2) ? '-' : ''}${below(10)}.${'9081726354'.repeat(5).slice(below(10), 11 + below(36))}`,
  () => '-0'
]

interface Layout {
  readonly shape: readonly number[]
  readonly number: () => string
  /** Behind the comma between two numbers, and around brackets. */
  readonly space: () => string
}

function nest({ shape, number, space }: Layout, axis = 0): string {
  if (axis === shape.length) return number()
  const parts = Array.from({ length: shape[axis] }, () => nest({ shape, number, space }, axis + 1))
  return axis === shape.length - 1
    ? `[${parts.join(`,${space()}`)}]`
    : `[${space()}${parts.join(`,${space()}`)}${space()}]`
}

t.test('is what the portable codec reads, whatever the numbers look like', { skip }, async (t) => {
  const faults: string[] = []
  let taken = 0
  let documents = 0
  const spaces = [() => '', () => ' ', () => '\n    ', () => ' \t'.repeat(below(40)), () => '\r']
  for (const length of [1, 2, 3, 4, 5, 7, 8, 11, 16, 31, 32, 33, 50, 64, 100, 257, 700]) {
    for (const space of spaces) {
      for (const form of [...forms, () => forms[below(forms.length)]()]) {
        const shape = [[length], [3, length], [40, length], [2, 1, length], [2, 9, length]][below(5)]
        const document = documentOf(nest({ shape, number: form, space }))
        documents++
        if (natively(document) !== undefined) taken++
        const fault = disagreement(document)
        if (fault !== undefined) faults.push(fault)
      }
    }
  }
  t.same(faults.slice(0, 3), [])
  t.equal(taken, documents, 'and it leaves none of them to it')
})

t.test('numbers next to the middle between two float32s are asked for one by one', { skip }, async (t) => {
  const middles = Array.from({ length: 200 }, (_, i) => {
    const value = Math.fround(0.1 + i / 300)
    return [value + 2 ** -26, 0.1 + i, 0.7000000476837158, -(value + 2 ** -26)]
  }).flat()
  const tensor = natively(documentOf(JSON.stringify([middles, middles])))
  t.same(tensor?.shape, [2, middles.length])
  t.same([...(tensor?.data ?? [])], [...middles, ...middles].map(Math.fround))
})

t.test('rows that are not as long as the first one, and such that are asked for', { skip }, async (t) => {
  const middle = String(0.5 + 2 ** -25)
  const faults: string[] = []
  for (const length of [1, 2, 3, 4, 5, 7, 16, 31, 32, 33, 63, 64, 65]) {
    for (let round = 0; round < 200; round++) {
      const rows = Array.from({ length: 1 + below(12) }, () => Array.from({ length }, () => `${below(100)}.5`))
      rows.unshift(Array.from({ length }, () => '0.25'))
      const row = rows[below(rows.length)]
      const change = below(5)
      if (change === 0) row.push('7')
      if (change === 1) row.pop()
      if (change >= 2) for (let i = below(3); i >= 0; i--) row[below(length)] = middle
      if (change === 4) row.push(middle)
      const gap = [',', ', '][below(2)]
      const fault = disagreement(documentOf(`[${rows.map((each) => `[${each.join(gap)}]`).join(gap)}]`))
      if (fault !== undefined) faults.push(fault)
    }
  }
  t.same(faults.slice(0, 3), [])
})

t.test('a number, and a space, longer than a block of numbers reaches', { skip }, async (t) => {
  const digits = `0.${'4'.repeat(70_000)}`
  const numbers = [0.5, 0.25, digits, -1, `${' '.repeat(70_000)}2`, digits, 3]
  const tensor = natively(documentOf(`[${Array.from({ length: 40 }, () => 7)},${numbers}]`))
  const expected = [0.5, 0.25, 4 / 9, -1, 2, 4 / 9, 3].map(Math.fround)
  t.same([...(tensor?.data ?? [])].slice(40), expected)
})

t.test('tensors of more numbers than the memory of a thread takes at once', { skip }, async (t) => {
  const count = 700_001
  const values = Float32Array.from({ length: count }, () => random() - 0.5)
  const tensor = natively(documentOf(`[[${[...values].join(', ')}],[${values}]]`))
  t.same(tensor?.shape, [2, count])
  t.ok(tensor?.data.subarray(0, count).every((value, i) => value === values[i]))
  t.ok(tensor?.data.subarray(count).every((value, i) => value === values[i]))
})

t.test('faults are left to the portable codec', { skip }, async (t) => {
  const row = Array.from({ length: 40 }, (_, i) => `${i}.25`)
  const withFault = (at: number, text: string): string => [...row.slice(0, at), text, ...row.slice(at + 1)].join(',')
  const texts = [
    '',
    '-',
    '.5',
    '1.',
    '1.e5',
    '01',
    '-01',
    '00.5',
    '1..2',
    '1.2.3',
    '--1',
    '1-2',
    '1/2',
    '+1',
    '0x1',
    'NaN'
  ]
  texts.push(
    'Infinity',
    '1e',
    '1e+',
    '1e5.5',
    'null',
    '"1"',
    '[1]',
    '[]',
    '{}',
    '1 2',
    '1e39',
    '-4e38',
    '1,',
    ',1',
    '1;'
  )
  for (const text of texts) {
    for (const at of [0, 1, 17, 38, 39]) {
      for (const gap of [',', ', ']) {
        const document = documentOf(`[[${row}],[${withFault(at, text).replaceAll(',', gap)}]]`)
        if (natively(document) !== undefined) t.fail(`${text} at ${at} was taken`)
        if (outcome(document, undefined).startsWith('[')) t.fail(`${text} at ${at} is no fault`)
      }
    }
  }
  for (const text of [`[[${row}],[${row},1]]`, `[[${row}],[${row.slice(1)}]]`, `[${row},[${row}]]`, `[[${row}],1]`]) {
    t.equal(natively(documentOf(text)), undefined)
  }
})

t.test('a document cut off anywhere, and edited anywhere, is read alike or left', { skip }, async (t) => {
  const layouts = [
    [3, 20],
    [30, 2],
    [4, 5, 3]
  ].map((shape) => {
    return documentOf(nest({ shape, number: () => forms[below(forms.length)](), space: () => '' }))
  })
  const bytes = Buffer.from('0123456789.-+eE,[]{} \n"/x')
  const faults = new Set<string>()
  fc.assert(
    fc.property(
      fc.constantFrom(...layouts),
      fc.array(fc.tuple(fc.nat(), fc.nat(bytes.length - 1)), { minLength: 1, maxLength: 3 }),
      fc.nat(),
      (good, edits, cut) => {
        const inside = good.length - START - 2
        const edited = Buffer.from(good)
        for (const [at, byte] of edits) edited[START + 1 + (at % inside)] = bytes[byte]
        const short = Buffer.concat([good.subarray(0, START + 1 + (cut % inside)), Buffer.from('}')])
        for (const document of [edited, short]) {
          const fault = disagreement(document)
          if (fault !== undefined) faults.add(fault)
        }
      }
    ),
    { numRuns: 20_000, seed: 5 }
  )
  t.same([...faults].slice(0, 3), [])
})
