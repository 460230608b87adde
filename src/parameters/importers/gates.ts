import { firstNonFinite } from '../../codec/finite.ts'
import { LstmError } from '../../errors.ts'
import type { DirectionWeights, Peepholes } from '../../lstm/model.ts'

/**
 * The one place where gates change their order. Every framework keeps the four gates of a layer in one matrix, in an
 * order of its own, with the input's weights apart from the hidden state's; the notation keeps the gates apart, each
 * acting on [a_prev; xt], the hidden state first.
 */

const gates = ['f', 'i', 'c', 'o'] as const
type Gate = (typeof gates)[number]

/** The orders in which the blocks of n_a rows (Keras: columns) lie. PyTorch calls c "g". */
const gateOrders = {
  pytorch: ['i', 'f', 'c', 'o'],
  keras: ['i', 'f', 'c', 'o'],
  onnx: ['i', 'o', 'f', 'c']
} as const satisfies Record<string, readonly Gate[]>

const onnxPeepholeOrder = ['i', 'o', 'f'] as const

interface Sizes {
  readonly n_x: number
  readonly n_a: number
  readonly n_h: number
}

/** One layer in one direction as PyTorch has it; H = n_a, P = n_h, I = n_x. */
export interface PytorchWeights {
  readonly weight_ih: Float32Array // (4H, I)
  readonly weight_hh: Float32Array // (4H, P)
  readonly bias_ih?: Float32Array | undefined // (4H)
  readonly bias_hh?: Float32Array | undefined // (4H)
  readonly weight_hr?: Float32Array | undefined // (P, H)
}

export function fromPytorch(weights: PytorchWeights, sizes: Sizes): DirectionWeights {
  const { weight_ih, weight_hh, bias_ih, bias_hh, weight_hr } = weights
  const { n_a } = sizes
  const order = gateOrders.pytorch
  return {
    ...sizes,
    ...matrices(order, sizes, rowMajor(weight_ih, sizes.n_x), rowMajor(weight_hh, sizes.n_h)),
    ...biases(order, n_a, bias_ih, bias_hh),
    ...(weight_hr === undefined ? {} : { Wp: weight_hr })
  }
}

/** The sum of the two biases is `b` again bit for bit: -0 is the only number that changes no other, not even -0. */
export function toPytorch(
  weights: DirectionWeights
): Record<'weight_ih' | 'weight_hh' | 'bias_ih' | 'bias_hh', Float32Array> {
  const { n_x, n_a, n_h } = weights
  const bias_ih = concatenate(gateOrders.pytorch.map((gate) => weights[`b${gate}`]))
  return {
    weight_ih: concatenate(gateOrders.pytorch.map((gate) => columns(weights[`W${gate}`], n_h + n_x, n_h, n_x))),
    weight_hh: concatenate(gateOrders.pytorch.map((gate) => columns(weights[`W${gate}`], n_h + n_x, 0, n_h))),
    bias_ih,
    bias_hh: new Float32Array(4 * n_a).fill(-0)
  }
}

/** One layer in one direction as Keras has it: transposed. */
export interface KerasWeights {
  readonly kernel: Float32Array // (I, 4H)
  readonly recurrent_kernel: Float32Array // (H, 4H)
  readonly bias?: Float32Array | undefined // (4H)
}

export function fromKeras(
  { kernel, recurrent_kernel, bias }: KerasWeights,
  n_x: number,
  n_a: number
): DirectionWeights {
  const sizes = { n_x, n_a, n_h: n_a }
  const order = gateOrders.keras
  return {
    ...sizes,
    ...matrices(order, sizes, columnMajor(kernel, 4 * n_a), columnMajor(recurrent_kernel, 4 * n_a)),
    ...biases(order, n_a, bias, undefined)
  }
}

/** One direction of ONNX's W, R, B, P; I = n_x, H = n_a. */
export interface OnnxWeights {
  readonly W: Float32Array // (4H, I)
  readonly R: Float32Array // (4H, H)
  readonly B?: Float32Array | undefined // (8H): the input's biases, then the hidden state's
  readonly P?: Float32Array | undefined // (3H)
}

export function fromOnnx({ W, R, B, P }: OnnxWeights, n_x: number, n_a: number): DirectionWeights {
  const sizes = { n_x, n_a, n_h: n_a }
  const order = gateOrders.onnx
  return {
    ...sizes,
    ...matrices(order, sizes, rowMajor(W, n_x), rowMajor(R, n_a)),
    ...biases(order, n_a, B?.subarray(0, 4 * n_a), B?.subarray(4 * n_a)),
    ...(P === undefined ? {} : { peepholes: peepholes(P, n_a) })
  }
}

/** The inverse of `fromOnnx`. @param weights without a projection, which ONNX's operator does not have */
export function toOnnx(weights: DirectionWeights): Record<keyof OnnxWeights, Float32Array> {
  const { n_x, n_a, n_h, peepholes } = weights
  const order = gateOrders.onnx
  const none = new Float32Array(n_a)
  return {
    W: concatenate(order.map((gate) => columns(weights[`W${gate}`], n_h + n_x, n_h, n_x))),
    R: concatenate(order.map((gate) => columns(weights[`W${gate}`], n_h + n_x, 0, n_h))),
    B: concatenate([...order.map((gate) => weights[`b${gate}`]), new Float32Array(4 * n_a).fill(-0)]),
    P: concatenate(onnxPeepholeOrder.map((gate) => peepholes?.[`p${gate}`] ?? none))
  }
}

function peepholes(P: Float32Array, n_a: number): Peepholes {
  const block = (gate: (typeof onnxPeepholeOrder)[number]): Float32Array => {
    const at = onnxPeepholeOrder.indexOf(gate) * n_a
    return P.slice(at, at + n_a)
  }
  return { pf: block('f'), pi: block('i'), po: block('o') }
}

/** Where the value of stacked row r and column c lies. */
interface Stacked {
  readonly data: Float32Array
  readonly rowStride: number
  readonly columnStride: number
}

const rowMajor = (data: Float32Array, width: number): Stacked => ({ data, rowStride: width, columnStride: 1 })
const columnMajor = (data: Float32Array, height: number): Stacked => ({ data, rowStride: 1, columnStride: height })

/** The four matrices (n_a, n_h + n_x) out of the stacked input's and hidden state's weights. */
function matrices(
  order: readonly Gate[],
  { n_x, n_a, n_h }: Sizes,
  input: Stacked,
  hidden: Stacked
): Record<`W${Gate}`, Float32Array> {
  const width = n_h + n_x
  const matrix = (gate: Gate): Float32Array => {
    const W = new Float32Array(n_a * width)
    const firstRow = order.indexOf(gate) * n_a
    copy(hidden, firstRow, n_a, n_h, W, width, 0)
    copy(input, firstRow, n_a, n_x, W, width, n_h)
    return W
  }
  return { Wf: matrix('f'), Wi: matrix('i'), Wc: matrix('c'), Wo: matrix('o') }
}

function copy(
  from: Stacked,
  firstRow: number,
  rows: number,
  columns: number,
  into: Float32Array,
  width: number,
  firstColumn: number
): void {
  const { data, rowStride, columnStride } = from
  for (let r = 0; r < rows; r++) {
    let source = (firstRow + r) * rowStride
    const start = r * width + firstColumn
    for (let c = 0; c < columns; c++, source += columnStride) into[start + c] = data[source]
  }
}

/** The four biases (n_a), summed in float32 where there are two; zeros where there is none. */
function biases(
  order: readonly Gate[],
  n_a: number,
  first: Float32Array | undefined,
  second: Float32Array | undefined
): Record<`b${Gate}`, Float32Array> {
  const bias = (gate: Gate): Float32Array => {
    const at = order.indexOf(gate) * n_a
    const b = first?.slice(at, at + n_a) ?? new Float32Array(n_a)
    if (second !== undefined) for (let i = 0; i < n_a; i++) b[i] += second[at + i]
    const overflow = firstNonFinite(b)
    if (overflow >= 0) {
      throw new LstmError('LSTM_ERR_NON_FINITE', [
        `the sum of the two biases, b${gate}[${overflow}],`,
        String(b[overflow])
      ])
    }
    return b
  }
  return { bf: bias('f'), bi: bias('i'), bc: bias('c'), bo: bias('o') }
}

/** `count` columns of a row-major matrix, from column `first`. */
function columns(matrix: Float32Array, width: number, first: number, count: number): Float32Array {
  const rows = matrix.length / width
  const cut = new Float32Array(rows * count)
  for (let r = 0; r < rows; r++) cut.set(matrix.subarray(r * width + first, r * width + first + count), r * count)
  return cut
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
