import type { Matrix } from './matrix.ts'
import { type Activation, type HeadActivation, hardSigmoid } from './model.ts'

/** σ(z) = 1 / (1 + e^-z), elementwise. */
export function sigmoid(Z: Matrix): Matrix {
  return { ...Z, data: Z.data.map((z) => 1 / (1 + Math.exp(-z))) }
}

/** tanh(z), elementwise. */
export function tanh(Z: Matrix): Matrix {
  return { ...Z, data: Z.data.map(Math.tanh) }
}

/** softmax(z)_i = e^(z_i) / Σ_k e^(z_k) over the rows of each column; the largest z is taken off first, so that nothing overflows. */
export function softmax(Z: Matrix): Matrix {
  const { rows, columns } = Z
  const result = new Float64Array(Z.data.length)
  for (let j = 0; j < columns; j++) {
    let largest = Number.NEGATIVE_INFINITY
    for (let i = 0; i < rows; i++) largest = Math.max(largest, Z.data[i * columns + j])
    let sum = 0
    for (let i = 0; i < rows; i++) {
      const e = Math.exp(Z.data[i * columns + j] - largest)
      result[i * columns + j] = e
      sum += e
    }
    for (let i = 0; i < rows; i++) result[i * columns + j] /= sum
  }
  return { ...Z, data: result }
}

/** What a head makes of Z = Wy·a + by. */
export function activateHead(activation: HeadActivation, Z: Matrix): Matrix {
  if (activation === 'softmax') return softmax(Z)
  return activation === 'sigmoid' ? sigmoid(Z) : Z
}

/** The function that an activation names, elementwise. */
export function activation({ name, alpha, beta }: Activation): (Z: Matrix) => Matrix {
  switch (name) {
    case 'sigmoid':
      return sigmoid
    case 'tanh':
      return tanh
    case 'relu':
      return (Z) => ({ ...Z, data: Z.data.map((z) => Math.max(0, z)) })
    case 'hard_sigmoid': {
      const [slope, middle] = [alpha ?? hardSigmoid.alpha, beta ?? hardSigmoid.beta]
      return (Z) => ({ ...Z, data: Z.data.map((z) => Math.max(0, Math.min(1, slope * z + middle))) })
    }
    case 'linear':
      return (Z) => Z
  }
}
