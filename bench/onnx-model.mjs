// One LSTM layer as an ONNX model, written by hand: protocol buffers need no more than this.

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
const integers = (name, values) =>
  Buffer.concat([bytes(1, name), ...values.map((value) => number(8, value)), number(20, 7)])
const integer = (name, value) => Buffer.concat([bytes(1, name), number(3, value), number(20, 2)])

const FLOAT = 1
const INT64 = 7
const tensor = (name, type, dims, values) =>
  Buffer.concat([
    ...dims.map((d) => number(1, d)),
    number(2, type),
    bytes(8, name),
    bytes(9, Buffer.from(values.buffer, values.byteOffset, values.byteLength))
  ])
/** A dimension is a number, or a name if it may vary. */
const valueInfo = (name, dims) => {
  const shape = Buffer.concat(dims.map((d) => bytes(1, typeof d === 'string' ? bytes(2, d) : number(1, d))))
  return Buffer.concat([bytes(1, name), bytes(2, bytes(1, Buffer.concat([number(1, FLOAT), bytes(2, shape)])))])
}
const node = (type, inputs, outputs, attributes) =>
  Buffer.concat([
    ...inputs.map((name) => bytes(1, name)),
    ...outputs.map((name) => bytes(2, name)),
    bytes(4, type),
    ...attributes.map((attribute) => bytes(5, attribute))
  ])
const model = (nodes, initializers, input, output) => {
  const graph = Buffer.concat([
    ...nodes.map((content) => bytes(1, content)),
    bytes(2, 'lstm'),
    ...initializers.map((content) => bytes(5, content)),
    bytes(11, input),
    bytes(12, output)
  ])
  const opset = number(2, 14)
  return Buffer.concat([number(1, 8), bytes(7, graph), bytes(8, opset)])
}

/** The weights as ONNX has them: gates in the order i, o, f, c, input and hidden state apart, two biases. */
function lstmWeights({ n_x, n_a, ...weights }) {
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
  return [
    tensor('W', FLOAT, [1, 4 * n_a, n_x], W),
    tensor('R', FLOAT, [1, 4 * n_a, n_a], R),
    tensor('B', FLOAT, [1, 8 * n_a], B)
  ]
}

/** A bare LSTM node: X (T_x, m, n_x) → Y (T_x, 1, m, n_a), from a0 = c0 = 0. */
export function timeFirstModel(layer, T_x, m) {
  const { n_x, n_a } = layer
  return model(
    [node('LSTM', ['X', 'W', 'R', 'B'], ['Y'], [integer('hidden_size', n_a)])],
    lstmWeights(layer),
    valueInfo('X', [T_x, m, n_x]),
    valueInfo('Y', [T_x, 1, m, n_a])
  )
}

/** As frameworks export a layer with batch_first: x (m, T_x, n_x) → a (m, T_x, n_a) for any m and T_x. */
export function batchFirstModel(layer) {
  const { n_x, n_a } = layer
  const swap = [integers('perm', [1, 0, 2])]
  return model(
    [
      node('Transpose', ['x'], ['X'], swap),
      node('LSTM', ['X', 'W', 'R', 'B'], ['Y'], [integer('hidden_size', n_a)]),
      node('Squeeze', ['Y', 'axes'], ['Y3'], []),
      node('Transpose', ['Y3'], ['a'], swap)
    ],
    [...lstmWeights(layer), tensor('axes', INT64, [1], BigInt64Array.of(1n))],
    valueInfo('x', ['m', 'T_x', n_x]),
    valueInfo('a', ['m', 'T_x', n_a])
  )
}
