/** The few matrix operations that the equations of an LSTM need, in float64. Plain and slow on purpose. */

export interface Matrix {
  readonly rows: number
  readonly columns: number
  /** rows · columns values, row-major. */
  readonly data: Float64Array
}

export function matrix(rows: number, columns: number, values: ArrayLike<number>): Matrix {
  if (values.length !== rows * columns) {
    throw new RangeError(`${values.length} values do not fill a (${rows}, ${columns}) matrix`)
  }
  return { rows, columns, data: Float64Array.from(values) }
}

export function zeros(rows: number, columns: number): Matrix {
  return { rows, columns, data: new Float64Array(rows * columns) }
}

/** A·B of (p, q) and (q, r): (p, r). Sums run over q in ascending order. */
export function dot(A: Matrix, B: Matrix): Matrix {
  if (A.columns !== B.rows) {
    throw new RangeError(`(${A.rows}, ${A.columns})·(${B.rows}, ${B.columns}): the inner dimensions differ`)
  }
  const product = zeros(A.rows, B.columns)
  for (let i = 0; i < A.rows; i++) {
    for (let j = 0; j < B.columns; j++) {
      let sum = 0
      for (let k = 0; k < A.columns; k++) sum += A.data[i * A.columns + k] * B.data[k * B.columns + j]
      product.data[i * B.columns + j] = sum
    }
  }
  return product
}

/** A + b, the column b (p, 1) added to every column of A (p, q). */
export function addColumn(A: Matrix, b: Matrix): Matrix {
  return { ...A, data: A.data.map((value, index) => value + b.data[Math.trunc(index / A.columns)]) }
}

/** A + B, elementwise. */
export function add(A: Matrix, B: Matrix): Matrix {
  return { ...A, data: A.data.map((value, index) => value + B.data[index]) }
}

/** A∘B, elementwise. */
export function hadamard(A: Matrix, B: Matrix): Matrix {
  return { ...A, data: A.data.map((value, index) => value * B.data[index]) }
}

/** [A; B]: the rows of A above those of B. */
export function stackRows(A: Matrix, B: Matrix): Matrix {
  const data = new Float64Array(A.data.length + B.data.length)
  data.set(A.data)
  data.set(B.data, A.data.length)
  return { rows: A.rows + B.rows, columns: A.columns, data }
}

/** p∘A, the column p (p, 1) times every column of A (p, q). */
export function scaleRows(p: Matrix, A: Matrix): Matrix {
  return { ...A, data: A.data.map((value, index) => p.data[Math.trunc(index / A.columns)] * value) }
}

/** 1 - A, elementwise. */
export function oneMinus(A: Matrix): Matrix {
  return { ...A, data: A.data.map((value) => 1 - value) }
}

/** max(-bound, min(bound, A)), elementwise. */
export function clamp(A: Matrix, bound: number): Matrix {
  if (bound === Number.POSITIVE_INFINITY) return A
  return { ...A, data: A.data.map((value) => Math.max(-bound, Math.min(bound, value))) }
}
