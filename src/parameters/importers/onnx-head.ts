import type { HeadActivation, ModelHead } from '../../lstm/model.ts'
import type { NamedArray } from '../files/array.ts'
import type { OnnxGraph, OnnxNode } from '../files/onnx.ts'
import { type Axis, movedAxes } from './onnx-axes.ts'
import type { OnnxConstants } from './onnx-constants.ts'

/** A value on its way through the graph. */
export interface Value {
  readonly name: string
  readonly graph: OnnxGraph
  readonly axes: readonly Axis[]
}

export interface FoundHead {
  readonly name: string
  readonly head: ModelHead
  /** Nodes that do something with its output. */
  readonly behind: OnnxNode[]
  /** It reads the last states alone. */
  readonly lastOnly: boolean
}

/** Who reads a value, within its own graph. Its shape alone is read by Shape, which changes nothing. */
export function readersOf({ graph, name }: Value): OnnxNode[] {
  return (graph.readers.get(name) ?? []).filter(({ type }) => type !== 'Shape')
}

/**
 * The head that begins at a MatMul or Gemm: W·a, a bias, and softmax, sigmoid or nothing behind it.
 * @param width features that it reads
 * @returns undefined where the node is none
 */
export function readOnnxHead(
  node: OnnxNode,
  input: Value,
  width: number,
  opset: number,
  constants: OnnxConstants
): FoundHead | undefined {
  const linear = readLinear(node, input, width, constants)
  if (linear === undefined) return undefined
  let { by } = linear
  const n_y = linear.Wy.length / width
  let value: Value = { name: node.outputs[0], graph: node.graph, axes: input.axes }
  let activation: HeadActivation | undefined
  const behind: OnnxNode[] = []
  for (let steps = 0; steps < 32; steps++) {
    const readers = readersOf(value)
    const [reader] = readers
    if (readers.length !== 1) {
      behind.push(...readers)
      break
    }
    const next = { name: reader.outputs[0], graph: reader.graph, axes: value.axes }
    const bias = by === undefined && activation === undefined ? readBias(reader, value, n_y, constants) : undefined
    const applied = activation === undefined ? readActivation(reader, value, opset) : undefined
    const axes = movedAxes(reader, value.axes, 1, n_y, constants) ?? unfolded(reader, value, n_y)
    if (bias !== undefined) {
      by = bias
      value = next
    } else if (applied !== undefined) {
      activation = applied
      value = next
    } else if (axes !== undefined) {
      value = { ...next, axes }
    } else {
      behind.push(reader)
      break
    }
  }
  const head = { n_y, Wy: linear.Wy, by: by ?? new Float32Array(n_y), activation: activation ?? 'linear' } as const
  const lastOnly = !input.axes.includes('T') && !input.axes.includes('S')
  return { name: node.name || node.outputs[0], head, behind, lastOnly }
}

/** Behind a head, a Reshape that ends in its outputs takes steps and examples apart again. */
function unfolded(node: OnnxNode, { axes }: Value, n_y: number): Axis[] | undefined {
  const folded = node.type === 'Reshape' && node.domain === '' && axes.length === 2 && axes[0] === 'S' && n_y > 0
  return folded ? ['T', 'B', 'F'] : undefined
}

function readLinear(
  node: OnnxNode,
  input: Value,
  width: number,
  constants: OnnxConstants
): { Wy: Float32Array; by: Float32Array | undefined } | undefined {
  const known = node.domain === '' && (node.type === 'MatMul' || node.type === 'Gemm')
  if (!known || node.inputs[0] !== input.name || input.axes.at(-1) !== 'F') return undefined
  const weight = constants.floats(node.graph, node.inputs[1])
  if (weight?.shape.length !== 2) return undefined
  const attribute = (name: string, initial: number): number => {
    const { f, i } = node.attributes.get(name) ?? {}
    return f ?? i ?? initial
  }
  if (node.type === 'MatMul') return weight.shape[0] === width ? { Wy: transposed(weight), by: undefined } : undefined
  if (attribute('alpha', 1) !== 1 || attribute('transA', 0) !== 0) return undefined
  const Wy = attribute('transB', 0) === 1 ? weight : { shape: weight.shape.toReversed(), data: transposed(weight) }
  if (Wy.shape[1] !== width) return undefined
  if (!node.inputs[2]) return { Wy: Wy.data, by: undefined }
  const C = constants.floats(node.graph, node.inputs[2])
  const by = C === undefined ? undefined : asBias(C, Wy.shape[0])
  return by === undefined || attribute('beta', 1) !== 1 ? undefined : { Wy: Wy.data, by }
}

function transposed({ shape: [rows, columns], data }: NamedArray): Float32Array {
  const result = new Float32Array(data.length)
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) result[c * rows + r] = data[r * columns + c]
  return result
}

/** A bias for every output, whatever axes of length 1 stand before it. */
function asBias({ data, shape }: NamedArray, n_y: number): Float32Array | undefined {
  return data.length === n_y && (shape.at(-1) ?? 1) === n_y ? data : undefined
}

function readBias(node: OnnxNode, { name }: Value, n_y: number, constants: OnnxConstants): Float32Array | undefined {
  if (node.type !== 'Add' || node.domain !== '' || node.inputs.length !== 2) return undefined
  const other = node.inputs.find((input) => input !== name)
  const array = other === undefined ? undefined : constants.floats(node.graph, other)
  return array === undefined ? undefined : asBias(array, n_y)
}

function readActivation(node: OnnxNode, { axes }: Value, opset: number): HeadActivation | undefined {
  if (node.domain !== '') return undefined
  if (node.type === 'Sigmoid') return 'sigmoid'
  if (node.type !== 'Softmax') return undefined
  // before version 13 it went over all axes from this one on, by default the second
  const axis = node.attributes.get('axis')?.i ?? (opset >= 13 ? -1 : 1)
  return axis === -1 || axis === axes.length - 1 ? 'softmax' : undefined
}
