import t from 'tap'
import { lstmCellForward } from '../../src/lstm/cell.ts'
import { forEachParameter } from '../../src/lstm/dimensions.ts'
import { lstmForward, type Tensor3 } from '../../src/lstm/forward.ts'
import { type Matrix, matrix } from '../../src/lstm/matrix.ts'
import type { Parameters } from '../../src/lstm/parameters.ts'
import { courseCell, courseSequence, largestDifference, type Nested2, type Nested3 } from '../fixtures.ts'

const toMatrix = (rows: Nested2): Matrix => matrix(rows.length, rows[0].length, rows.flat())
const toNested2 = ({ rows, columns, data }: Matrix): Nested2 =>
  Array.from({ length: rows }, (_, i) => [...data.subarray(i * columns, (i + 1) * columns)])
const toTensor3 = (values: Nested3): Tensor3 => ({
  shape: [values.length, values[0].length, values[0][0].length],
  data: Float64Array.from(values.flat(2))
})
const toNested3 = ({ shape: [n, m, T_x], data }: Tensor3): Nested3 =>
  Array.from({ length: n }, (_, i) =>
    Array.from({ length: m }, (_, j) => [...data.subarray((i * m + j) * T_x, (i * m + j + 1) * T_x)])
  )
const toParameters = (arrays: Record<keyof Parameters, Nested2>): Parameters =>
  forEachParameter((name) => toMatrix(arrays[name]))

t.test("one step gives the course's numbers", async (t) => {
  const { parameters, xt, a_prev, c_prev, expected } = courseCell()
  const result = lstmCellForward(toMatrix(xt), toMatrix(a_prev), toMatrix(c_prev), toParameters(parameters))
  t.equal(toNested2(result.a_next)[4][0].toFixed(8), '-0.66408471')
  t.equal(toNested2(result.c_next)[2][0].toFixed(8), '0.63267805')
  t.equal(toNested2(result.yt_pred)[1][0].toFixed(8), '0.79913913')
  for (const name of ['a_next', 'c_next', 'yt_pred'] as const) {
    t.ok(largestDifference(toNested2(result[name]), expected[name]) < 1e-14, name)
  }
  for (const gate of ['ft', 'it', 'cct', 'ot'] as const) {
    t.ok(largestDifference(toNested2(result.cache[gate]), expected.cache[gate]) < 1e-14, gate)
  }
  t.strictSame(Object.keys(result.cache), [
    'a_next',
    'c_next',
    'a_prev',
    'c_prev',
    'ft',
    'it',
    'cct',
    'ot',
    'xt',
    'parameters'
  ])
})

t.test("a sequence gives the course's numbers", async (t) => {
  const { parameters, x, a0, expected } = courseSequence()
  const { a, y, c, caches } = lstmForward(toTensor3(x), toMatrix(a0), toParameters(parameters))
  t.equal(toNested3(a)[4][3][6].toFixed(12), '0.172117767533')
  t.equal(toNested3(y)[1][4][3].toFixed(11), '0.95087346185')
  t.equal(toNested3(c)[1][2][1].toFixed(12), '-0.855544916718')
  t.ok(largestDifference(toNested3(a), expected.a) < 1e-13, 'a')
  t.ok(largestDifference(toNested3(y), expected.y) < 1e-13, 'y')
  t.ok(largestDifference(toNested3(c), expected.c) < 1e-13, 'c')
  t.equal(caches.length, 7)
  for (const gate of ['ft', 'it', 'cct', 'ot'] as const) {
    const steps = caches.map((cache) => toNested2(cache[gate]))
    const ofExpected = caches.map((_, step) => expected.caches[gate].map((rows) => rows.map((values) => values[step])))
    t.ok(largestDifference(steps, ofExpected) < 1e-13, gate)
  }
})

t.test('c0 is where the memory state begins', async (t) => {
  const { parameters, xt, a_prev, c_prev } = courseCell()
  const x: Nested3 = xt.map((row) => row.map((value) => [value]))
  const cell = lstmCellForward(toMatrix(xt), toMatrix(a_prev), toMatrix(c_prev), toParameters(parameters))
  const { c, a } = lstmForward(toTensor3(x), toMatrix(a_prev), toParameters(parameters), toMatrix(c_prev))
  t.strictSame([...c.data], [...cell.c_next.data])
  t.strictSame([...a.data], [...cell.a_next.data])
})
