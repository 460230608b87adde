import t, { type Test } from 'tap'
import { JsonWriter } from '../../../src/codec/json/write.ts'
import { useNativeCodec } from '../../../src/codec/native/codec.ts'
import { setLayout } from '../../../src/codec/native/write-nested.ts'
import type { StridedTensor } from '../../../src/codec/tensor.ts'
import { nativeHere, skip } from './here.ts'

/** The text of a tensor by the native and by the portable codec. */
function texts(tensor: StridedTensor): [string, string] {
  const write = (codec: typeof nativeHere) => {
    useNativeCodec(codec)
    return Buffer.from(new JsonWriter().nested(tensor).finish()).toString('latin1')
  }
  return [write(nativeHere), write(undefined)]
}

/** Fails with the first number that the two write differently. */
function same(t: Test, values: Float32Array, shape: readonly number[] = [values.length]): void {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, length) => product * length, 1))
  const [native, portable] = texts({ shape, strides, data: values, offset: 0 })
  if (native === portable) return
  const numbers = native.split(',')
  const at = portable.split(',').findIndex((number, i) => number !== numbers[i])
  t.fail(`${values[at]}: ${numbers[at]}, not ${portable.split(',')[at]}`)
}

const bits = new Uint32Array(2400)
const values = new Float32Array(bits.buffer)

let state = 3
const next = (): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return (state ^ (state >>> 15)) >>> 0
}
const finiteBits = (pattern: number): boolean => (pattern & 0x7f800000) !== 0x7f800000

t.test('3,600,000 numbers: any bits, those of models, of few bits, and zeros among them', { skip }, async (t) => {
  const kinds: ((random: number, i: number) => number)[] = [
    (random) => random,
    (random) => (random & 0x807fffff) | ((110 + (next() % 36)) << 23),
    (random) => (random & 0x80000000) | ((108 + (next() % 40)) << 23) | (random & 0x7fffff & (-1 << (next() % 24))),
    (random, i) => (i % 5 === 0 ? 0 : (random & 0x803fffff) | 0x3e800000)
  ]
  for (let round = 0; round < 1500; round++) {
    const kind = kinds[round % kinds.length]
    for (let i = 0; i < bits.length; i++) {
      const pattern = kind(next(), i) >>> 0
      bits[i] = finiteBits(pattern) ? pattern : 0
    }
    same(t, values, [2, 24, 50])
  }
  t.pass()
})

t.test('powers of two and of ten, and their neighbours', { skip }, async (t) => {
  const centres = [
    ...Array.from({ length: 277 }, (_, i) => 2 ** (i - 149)),
    ...Array.from({ length: 84 }, (_, i) => Number(`1e${i - 45}`)),
    ...[0, 7.0385307e-26, 3.4028235e38, 1.1754942e-38, 123456789, 8.589973504e9]
  ]
  const patterns = centres.flatMap((centre) => {
    const [pattern] = new Uint32Array(Float32Array.of(centre).buffer)
    return Array.from({ length: 41 }, (_, i) => (pattern + i - 20) >>> 0)
  })
  const finite = Uint32Array.from(patterns.filter(finiteBits))
  same(t, new Float32Array(finite.buffer))
  same(t, new Float32Array(finite.map((pattern) => (pattern | 0x80000000) >>> 0).buffer))
  t.pass()
})

t.test('every way to nest and to lie in memory', { skip }, async (t) => {
  for (let i = 0; i < values.length; i++) values[i] = Math.sin(i) * 10 ** ((i % 9) - 5)
  for (const shape of [
    [],
    [1],
    [7],
    [8],
    [9],
    [255],
    [256],
    [257],
    [2049],
    [1, 1],
    [3, 1],
    [1, 9],
    [40, 50],
    [1, 1, 1]
  ]) {
    same(t, values, shape)
  }
  for (const shape of [
    [2, 3, 4],
    [5, 1, 50],
    [1, 5, 17],
    [3, 7, 1],
    [2, 2, 2, 3],
    [2, 1, 3, 1, 50],
    [0],
    [2, 0, 3],
    [2, 3, 0]
  ]) {
    same(t, values, shape)
  }
  const strided: StridedTensor[] = [
    { shape: [32, 1, 50], strides: [1, 1600, 32], data: values, offset: 0 },
    { shape: [5, 6, 7], strides: [1, 5, 30], data: values, offset: 100 },
    { shape: [4, 3, 300], strides: [-1, -300, 2], data: values, offset: 700 },
    { shape: [2, 9], strides: [0, -1], data: values, offset: 8 },
    { shape: [2, 2, 3, 5], strides: [1, 300, 7, -40], data: values, offset: 900 }
  ]
  for (const tensor of strided) t.equal(...texts(tensor))
})

t.test('a tensor that reaches beyond its data is refused', { skip }, async (t) => {
  const reaches = (shape: number[], strides: number[], offset: number) => () =>
    setLayout({ shape, strides, data: values, offset }, 0, offset)
  t.throws(reaches([values.length + 1], [1], 0), RangeError)
  t.throws(reaches([2, 10], [2391, 1], 0), RangeError)
  t.throws(reaches([3], [-1], 1), RangeError)
  t.equal(reaches([2, 10], [2390, 1], 0)(), 20)
})
