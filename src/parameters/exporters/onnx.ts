import { LstmError } from '../../errors.ts'
import {
  type Activation,
  type DirectionWeights,
  defaultActivations,
  directionsOf,
  type Model,
  type ModelHead,
  type ModelLayer,
  widthOf
} from '../../lstm/model.ts'
import type { NamedArray } from '../files/array.ts'
import { ProtobufWriter } from '../files/protobuf-writer.ts'
import { toOnnx } from '../importers/gates.ts'
import { optionsOf } from '../model-options.ts'

// Field numbers are those of onnx.proto.
const IR_VERSION = 8
const OPSET = 14
const FLOAT = 1
const INT64 = 7

const activationNames = {
  sigmoid: 'Sigmoid',
  tanh: 'Tanh',
  relu: 'Relu',
  hard_sigmoid: 'HardSigmoid',
  linear: 'Affine'
} as const satisfies Record<Activation['name'], string>

/**
 * Writes a model as ONNX: from `x` (T_x, m, n_x), one LSTM node a layer, `a` (T_x, m, width) and with a head `y` (T_x, m, n_y).
 * @throws LSTM_ERR_NOT_EXPORTABLE for what the operator LSTM does not have
 */
export function writeOnnx(model: Model): Uint8Array<ArrayBuffer> {
  const graph = new ProtobufWriter()
  graph.text(2, 'lstm-serve')
  const { layers, head } = model
  const n_x = directionsOf(layers[0])[0][1].n_x
  let value = 'x'
  for (const [k, layer] of layers.entries()) {
    const output = k === layers.length - 1 ? 'a' : `a_${k}`
    writeLayer(graph, layer, k, value, output)
    value = output
  }
  if (head !== undefined) writeHead(graph, head)
  graph.message(11, valueInfo('x', n_x))
  graph.message(12, valueInfo('a', widthOf(layers[layers.length - 1])))
  if (head !== undefined) graph.message(12, valueInfo('y', head.n_y))
  return new ProtobufWriter()
    .integer(1, IR_VERSION)
    .text(2, 'lstm-serve')
    .message(7, graph)
    .message(8, new ProtobufWriter().text(1, '').integer(2, OPSET))
    .message(14, new ProtobufWriter().text(1, 'lstm_serve').text(2, JSON.stringify(optionsOf(model))))
    .finish()
}

function writeLayer(graph: ProtobufWriter, layer: ModelLayer, k: number, input: string, output: string): void {
  const directions = directionsOf(layer)
  const [[only, first], second] = directions
  for (const [, weights] of directions) checkExportable(weights, first, k)
  const D = directions.length
  const { n_x, n_a, clip, input_forget } = first
  const blocks = directions.map(([, weights]) => toOnnx(weights))
  const join = (name: 'W' | 'R' | 'B' | 'P', ...shape: number[]): string => {
    const data = new Float32Array(blocks.reduce((length, block) => length + block[name].length, 0))
    blocks.forEach((block, d) => {
      data.set(block[name], (d * data.length) / D)
    })
    graph.message(5, floatTensor(`${name}_${k}`, { shape: [D, ...shape], data }))
    return `${name}_${k}`
  }
  const inputs = [input, join('W', 4 * n_a, n_x), join('R', 4 * n_a, n_a), join('B', 8 * n_a)]
  if (directions.some(([, { peepholes }]) => peepholes !== undefined)) inputs.push('', '', '', join('P', 3 * n_a))
  const activations = directions.flatMap(([, weights]) => {
    const { gate, candidate, output } = weights.activations ?? defaultActivations
    return [gate, candidate, output]
  })
  const takesNumbers = activations.filter(({ name }) => name === 'hard_sigmoid' || name === 'linear')
  const attributes = [
    attribute('hidden_size', 2, (message) => message.integer(3, n_a)),
    attribute('direction', 3, (message) => message.text(4, second === undefined ? only : 'bidirectional')),
    attribute('activations', 8, (message) => {
      for (const { name } of activations) message.text(9, activationNames[name])
    }),
    ...(takesNumbers.length === 0
      ? []
      : [
          attribute('activation_alpha', 6, (message) => {
            for (const { name, alpha } of takesNumbers) message.float32(7, name === 'linear' ? 1 : (alpha ?? 0.2))
          }),
          attribute('activation_beta', 6, (message) => {
            for (const { name, beta } of takesNumbers) message.float32(7, name === 'linear' ? 0 : (beta ?? 0.5))
          })
        ]),
    ...(clip === undefined ? [] : [attribute('clip', 1, (message) => message.float32(2, clip))]),
    ...(input_forget ? [attribute('input_forget', 2, (message) => message.integer(3, 1))] : [])
  ]
  graph.message(1, node('LSTM', `lstm_${k}`, inputs, [`Y_${k}`], attributes))
  if (D === 1) {
    graph.message(5, integerTensor(`axes_${k}`, [1]))
    graph.message(1, node('Squeeze', `squeeze_${k}`, [`Y_${k}`, `axes_${k}`], [output], []))
    return
  }
  const perm = attribute('perm', 7, (message) => {
    for (const axis of [0, 2, 1, 3]) message.integer(8, axis)
  })
  graph.message(5, integerTensor(`shape_${k}`, [0, 0, -1]))
  graph.message(1, node('Transpose', `transpose_${k}`, [`Y_${k}`], [`Z_${k}`], [perm]))
  graph.message(1, node('Reshape', `reshape_${k}`, [`Z_${k}`, `shape_${k}`], [output], []))
}

function checkExportable(weights: DirectionWeights, first: DirectionWeights, k: number): void {
  const refuse = (reason: string): LstmError =>
    new LstmError('LSTM_ERR_NOT_EXPORTABLE', ['ONNX', `layer ${k} ${reason}`])
  if (weights.Wp !== undefined) throw refuse('has a projection, which the operator LSTM does not have')
  const both = (name: 'n_a' | 'clip' | 'input_forget'): void => {
    if (weights[name] !== first[name]) throw refuse(`has another ${name} in each direction`)
  }
  both('n_a')
  both('clip')
  both('input_forget')
}

function writeHead(graph: ProtobufWriter, { n_y, Wy, by, activation }: ModelHead): void {
  const width = Wy.length / n_y
  const transposed = new Float32Array(Wy.length)
  for (let r = 0; r < n_y; r++) for (let c = 0; c < width; c++) transposed[c * n_y + r] = Wy[r * width + c]
  graph.message(5, floatTensor('Wy', { shape: [width, n_y], data: transposed }))
  graph.message(5, floatTensor('by', { shape: [n_y], data: by }))
  graph.message(1, node('MatMul', 'head', ['a', 'Wy'], ['Wy_a'], []))
  const linear = activation === 'linear'
  graph.message(1, node('Add', 'head_bias', ['Wy_a', 'by'], [linear ? 'y' : 'z'], []))
  if (linear) return
  const axis = attribute('axis', 2, (message) => message.integer(3, -1))
  const softmax = activation === 'softmax'
  graph.message(1, node(softmax ? 'Softmax' : 'Sigmoid', 'head_activation', ['z'], ['y'], softmax ? [axis] : []))
}

function node(
  type: string,
  name: string,
  inputs: string[],
  outputs: string[],
  attributes: ProtobufWriter[]
): ProtobufWriter {
  const message = new ProtobufWriter()
  for (const input of inputs) message.text(1, input)
  for (const output of outputs) message.text(2, output)
  message.text(3, name).text(4, type)
  for (const each of attributes) message.message(5, each)
  return message
}

/** @param type of AttributeProto.AttributeType */
function attribute(name: string, type: number, write: (message: ProtobufWriter) => void): ProtobufWriter {
  const message = new ProtobufWriter().text(1, name)
  write(message)
  return message.integer(20, type)
}

function floatTensor(name: string, { shape, data }: NamedArray): ProtobufWriter {
  const raw = new Uint8Array(4 * data.length)
  const view = new DataView(raw.buffer)
  for (let i = 0; i < data.length; i++) view.setFloat32(4 * i, data[i], true)
  return tensor(name, shape, FLOAT, raw)
}

function integerTensor(name: string, values: number[]): ProtobufWriter {
  return tensor(name, [values.length], INT64, new Uint8Array(BigInt64Array.from(values, BigInt).buffer))
}

function tensor(name: string, shape: readonly number[], type: number, raw: Uint8Array): ProtobufWriter {
  const message = new ProtobufWriter()
  for (const length of shape) message.integer(1, length)
  return message.integer(2, type).text(8, name).bytes(9, raw)
}

/** A tensor of floats (T_x, m, n). */
function valueInfo(name: string, n: number): ProtobufWriter {
  const shape = new ProtobufWriter()
  for (const symbol of ['T_x', 'm']) shape.message(1, new ProtobufWriter().text(2, symbol))
  shape.message(1, new ProtobufWriter().integer(1, n))
  const type = new ProtobufWriter().message(1, new ProtobufWriter().integer(1, FLOAT).message(2, shape))
  return new ProtobufWriter().text(1, name).message(2, type)
}
