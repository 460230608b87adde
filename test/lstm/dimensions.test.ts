import t from 'tap'
import { lstmCellForward } from '../../src/lstm/cell.ts'
import { forEachParameter, type ParameterName, parameterDimensions, type Shape } from '../../src/lstm/dimensions.ts'
import { lstmForward } from '../../src/lstm/forward.ts'
import { dot, matrix, zeros } from '../../src/lstm/matrix.ts'

const good: Record<ParameterName, Shape> = {
  ...forEachParameter((name) => (name.startsWith('W') ? [5, 8] : [5, 1])),
  Wy: [2, 5],
  by: [2, 1]
}

t.test('the dimensions of a set come from its arrays', async (t) => {
  t.strictSame(parameterDimensions(good), { n_x: 3, n_a: 5, n_y: 2 })
})

t.test('arrays that disagree are named, with both shapes', async (t) => {
  const cases: [Partial<Record<ParameterName, Shape>>, string][] = [
    [{ Wi: [5, 7] }, 'Wi has shape (5, 7); expected (n_a, n_a + n_x) = (5, 8)'],
    [{ bo: [5, 2] }, 'bo has shape (5, 2); expected (n_a, 1) = (5, 1)'],
    [{ Wy: [2, 4] }, 'Wy has shape (2, 4); expected (n_y, n_a) = (2, 5)'],
    [{ by: [3, 1] }, 'by has shape (3, 1); expected (n_y, 1) = (2, 1)'],
    [{ Wf: [5] }, 'Wf has shape (5,); expected (n_a, n_a + n_x) = (n_a, n_a + n_x)'],
    [{ Wf: [5, 5] }, 'Wf has shape (5, 5); expected (n_a, n_a + n_x) with n_x at least 1'],
    [{ Wf: [0, 3] }, 'Wf has shape (0, 3); n_a must be at least 1'],
    [{ Wy: [0, 5] }, 'Wy has shape (0, 5); n_y must be at least 1']
  ]
  for (const [wrong, message] of cases) t.throws(() => parameterDimensions({ ...good, ...wrong }), { message })
  t.throws(() => parameterDimensions({ ...good, bc: [1, 5] }, 'parameters.'), {
    code: 'LSTM_ERR_SHAPE_MISMATCH',
    message: 'parameters.bc has shape (1, 5); expected (n_a, 1) = (5, 1)',
    issues: [{ path: '/parameters/bc' }]
  })
})

t.test('the forward pass checks its inputs', async (t) => {
  const parameters = forEachParameter((name) => zeros(good[name][0], good[name][1]))
  const cell = (xt: [number, number], a: [number, number], c: [number, number]) => () =>
    lstmCellForward(zeros(...xt), zeros(...a), zeros(...c), parameters)
  t.throws(cell([4, 2], [5, 2], [5, 2]), { message: 'xt has shape (4, 2); expected (n_x, m) = (3, 2)' })
  t.throws(cell([3, 2], [5, 1], [5, 2]), { message: 'a_prev has shape (5, 1); expected (n_a, m) = (5, 2)' })
  t.throws(cell([3, 2], [5, 2], [2, 5]), { message: 'c_prev has shape (2, 5); expected (n_a, m) = (5, 2)' })
  t.throws(cell([3, 0], [5, 0], [5, 0]), { message: 'xt has shape (3, 0); m must be at least 1' })

  const x = (n: number, m: number, T_x: number) => ({
    shape: [n, m, T_x] as const,
    data: new Float64Array(n * m * T_x)
  })
  t.throws(() => lstmForward(x(2, 1, 4), zeros(5, 1), parameters), {
    message: 'x has shape (2, 1, 4); expected (n_x, m, T_x) = (3, m, T_x)'
  })
  t.throws(() => lstmForward(x(3, 1, 0), zeros(5, 1), parameters), {
    message: 'x has shape (3, 1, 0); T_x must be at least 1'
  })
  t.throws(() => lstmForward(x(3, 2, 4), zeros(5, 1), parameters), { message: /^a0 has shape/ })
  t.throws(() => lstmForward(x(3, 2, 4), zeros(5, 2), parameters, zeros(4, 2)), { message: /^c0 has shape/ })
})

t.test('matrices guard their own sizes', async (t) => {
  t.throws(() => matrix(2, 2, [1, 2, 3]), { message: '3 values do not fill a (2, 2) matrix' })
  t.throws(() => dot(zeros(2, 3), zeros(2, 3)), { message: /inner dimensions/ })
})
