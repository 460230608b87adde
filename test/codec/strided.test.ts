import t from 'tap'
import { contiguous, countOf, indexOf } from '../../src/codec/strided.ts'

const data = Float32Array.from({ length: 30 }, (_, i) => i)

t.test('what lies in order is not copied', async (t) => {
  const cases: [number[], number[]][] = [
    [
      [2, 3],
      [3, 1]
    ],
    [
      [1, 3],
      [99, 1]
    ],
    [
      [2, 1, 3],
      [3, -7, 1]
    ],
    [
      [3, 1],
      [1, 99]
    ],
    [[], []]
  ]
  for (const [shape, strides] of cases) {
    const values = contiguous({ shape, strides, data, offset: 4 })
    t.equal(values.buffer, data.buffer, `(${shape})`)
    t.same([...values], [...data.subarray(4, 4 + countOf(shape))], `(${shape})`)
  }
})

t.test('what does not is gathered', async (t) => {
  const cases: [number[], number[], number[]][] = [
    [
      [2, 3],
      [1, 2],
      [4, 6, 8, 5, 7, 9]
    ],
    [
      [2, 2],
      [4, 2],
      [4, 6, 8, 10]
    ],
    [[3], [-1], [4, 3, 2]],
    [
      [2, 2],
      [0, 1],
      [4, 5, 4, 5]
    ],
    [
      [2, 1, 2],
      [1, 0, 10],
      [4, 14, 5, 15]
    ],
    [[2, 0], [1, 1], []]
  ]
  for (const [shape, strides, expected] of cases) {
    const values = contiguous({ shape, strides, data, offset: 4 })
    t.same([...values], expected, `(${shape}) by (${strides})`)
    t.not(values.buffer, data.buffer)
  }
})

t.test('counts and indices', async (t) => {
  t.equal(countOf([]), 1)
  t.equal(countOf([2, 0, 3]), 0)
  t.same(indexOf(0, []), [])
  t.same(indexOf(23, [2, 3, 4]), [1, 2, 3])
  t.same(indexOf(6, [2, 3, 4]), [0, 1, 2])
})
