import t from 'tap'
import { decodeFloats, decodeIntegers, encodeFloats } from '../../src/codec/binary.ts'

const at = (offset: number, bytes: readonly number[]): Uint8Array => {
  const memory = new Uint8Array(offset + bytes.length + 3)
  memory.set(bytes, offset)
  return memory.subarray(offset, offset + bytes.length)
}

/** 1, -2.5 and 65504, little-endian. */
const encoded = {
  FP16: [0x00, 0x3c, 0x00, 0xc1, 0xff, 0x7b],
  FP32: [0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0, 0x00, 0xe0, 0x7f, 0x47],
  FP64: [0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0x04, 0xc0, 0, 0, 0, 0, 0, 0xfc, 0xef, 0x40]
} as const

t.test('numbers of each type, wherever their bytes begin', async (t) => {
  for (const [datatype, bytes] of Object.entries(encoded)) {
    for (const offset of [0, 1, 2, 3, 4, 5, 6, 7]) {
      const values = decodeFloats(at(offset, bytes), datatype as keyof typeof encoded)
      t.strictSame([...values], [1, -2.5, 65504], `${datatype} at ${offset}`)
    }
  }
  t.strictSame([...decodeFloats(at(1, [0x80, 0x3f, 0x20, 0xc0]), 'BF16')], [1, -2.5])
  t.strictSame([...decodeFloats(Buffer.from([9, ...encoded.FP32]).subarray(1), 'FP32')], [1, -2.5, 65504])
})

t.test('float32 that begins at a multiple of 4 is not copied', async (t) => {
  const bytes = at(4, encoded.FP32)
  t.equal(decodeFloats(bytes, 'FP32').buffer, bytes.buffer)
})

t.test('float64 becomes the nearest float32, or an infinity', async (t) => {
  const bytes = new Uint8Array(Float64Array.of(0.1, 1e-50, 1e39, 1 + 2 ** -24).buffer)
  t.strictSame([...decodeFloats(bytes, 'FP64')], [Math.fround(0.1), 0, Number.POSITIVE_INFINITY, 1])
})

t.test('integers of both types', async (t) => {
  t.strictSame(decodeIntegers(at(1, [1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff]), 'INT32'), [1, -2])
  t.strictSame(decodeIntegers(at(3, [5, 0, 0, 0, 1, 0, 0, 0]), 'INT64'), [2 ** 32 + 5])
})

t.test('writes each type, row-major, wherever it is to begin', async (t) => {
  // (3, 1, 1) out of rows of two
  const tensor = { shape: [3, 1], strides: [2, 1], data: Float32Array.of(0, 1, 9, -2.5, 9, 65504), offset: 1 }
  for (const [datatype, bytes] of Object.entries(encoded)) {
    for (const offset of [0, 1, 2, 4, 6, 8]) {
      const memory = new Uint8Array(offset + bytes.length + 1).fill(7)
      const target = memory.subarray(offset, offset + bytes.length)
      t.equal(encodeFloats(tensor, datatype as keyof typeof encoded, target), -1)
      t.strictSame([...target], [...bytes], `${datatype} at ${offset}`)
      t.equal(memory.at(-1), 7)
    }
  }
})

t.test('says which value does not fit', async (t) => {
  const wrongOf = (datatype: 'FP16' | 'BF16' | 'FP32' | 'FP64', ...values: number[]) => {
    const data = Float32Array.from(values)
    const tensor = { shape: [data.length], strides: [1], data, offset: 0 }
    return encodeFloats(
      tensor,
      datatype,
      new Uint8Array(data.length * { FP16: 2, BF16: 2, FP32: 4, FP64: 8 }[datatype])
    )
  }
  t.equal(wrongOf('FP16', 1, 65504, 65520), 2)
  t.equal(wrongOf('FP32', 1, 65504, 65520), -1)
  for (const type of ['FP16', 'BF16', 'FP32', 'FP64'] as const) {
    t.equal(wrongOf(type, 1, Number.NaN), 1)
    t.equal(wrongOf(type, Number.NEGATIVE_INFINITY), 0)
  }
  t.equal(wrongOf('BF16', 3.4028235e38), 0)
})
