// One LSTM node as ONNX model bytes, with the weights of a layer. ONNX orders the gates i, o, f, c.

const varint = (value) => {
  const bytes = []
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value & 127) | 128)
  return Buffer.from([...bytes, value])
}
const number = (field, value) => Buffer.concat([varint(field * 8), varint(value)])
const bytes = (field, value) => {
  const content = typeof value === 'string' ? Buffer.from(value) : value
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content])
}

const FLOAT = 1
const tensor = (name, dims, values) =>
  Buffer.concat([
    ...dims.map((d) => number(1, d)),
    number(2, FLOAT),
    bytes(8, name),
    bytes(9, Buffer.from(values.buffer, values.byteOffset, values.byteLength))
  ])
const valueInfo = (name, dims) => {
  const shape = Buffer.concat(dims.map((d) => bytes(1, number(1, d))))
  return Buffer.concat([bytes(1, name), bytes(2, bytes(1, Buffer.concat([number(1, FLOAT), bytes(2, shape)])))])
}

/** X (T_x, m, n_x) → Y (T_x, 1, m, n_a), Y_h, Y_c (1, m, n_a), from a0 = c0 = 0. */
export function onnxLstm(weights, T_x, m) {
  const { n_x, n_a } = weights
  const columns = n_a + n_x
  const W = new Float32Array(4 * n_a * n_x)
  const R = new Float32Array(4 * n_a * n_a)
  const B = new Float32Array(8 * n_a)
  for (const [g, gate] of ['i', 'o', 'f', 'c'].entries()) {
    for (let u = 0; u < n_a; u++) {
      const row = weights[`W${gate}`].subarray(u * columns, (u + 1) * columns)
      R.set(row.subarray(0, n_a), (g * n_a + u) * n_a)
      W.set(row.subarray(n_a), (g * n_a + u) * n_x)
    }
    B.set(weights[`b${gate}`], g * n_a)
  }
  const attribute = Buffer.concat([bytes(1, 'hidden_size'), number(3, n_a), number(20, 2)])
  const node = Buffer.concat([
    ...['X', 'W', 'R', 'B'].map((name) => bytes(1, name)),
    ...['Y', 'Y_h', 'Y_c'].map((name) => bytes(2, name)),
    bytes(4, 'LSTM'),
    bytes(5, attribute)
  ])
  const graph = Buffer.concat([
    bytes(1, node),
    bytes(2, 'lstm'),
    bytes(5, tensor('W', [1, 4 * n_a, n_x], W)),
    bytes(5, tensor('R', [1, 4 * n_a, n_a], R)),
    bytes(5, tensor('B', [1, 8 * n_a], B)),
    bytes(11, valueInfo('X', [T_x, m, n_x])),
    bytes(12, valueInfo('Y', [T_x, 1, m, n_a])),
    bytes(12, valueInfo('Y_h', [1, m, n_a])),
    bytes(12, valueInfo('Y_c', [1, m, n_a]))
  ])
  const opset = number(2, 14)
  return Buffer.concat([number(1, 8), bytes(7, graph), bytes(8, opset)])
}
