import type { NamedArray } from '../files/array.ts'
import type { OnnxGraph, OnnxNode } from '../files/onnx.ts'
import type { OnnxTensor } from '../files/onnx-tensor.ts'
import { listed, refusal } from './imported.ts'

/** How long a way may lead from a weight to where it is used. */
const MAX_DEPTH = 64

/**
 * The values in a graph that do not depend on its inputs: initializers, Constant nodes, and what Slice, Concat, Unsqueeze,
 * Squeeze, Transpose, Reshape, Identity and Cast make of them. `torch.onnx.export` puts weights together with these.
 */
export class OnnxConstants {
  readonly #floats = new Map<OnnxNode | OnnxTensor, NamedArray | undefined>()
  #valuesLeft: number

  /** @param maxValues of all arrays together that are made on the way; a graph can double one in every node */
  constructor(maxValues: number) {
    this.#valuesLeft = maxValues
  }

  /** An array of floats; undefined where it depends on an input, or on an operator that is not among those above. */
  floats(graph: OnnxGraph, name: string, depth = 0): NamedArray | undefined {
    const { tensor, node } = lookUp(graph, name)
    const key = tensor ?? node
    if (key === undefined) return undefined
    if (this.#floats.has(key)) return this.#floats.get(key)
    if (depth > MAX_DEPTH) throw refusal(`more than ${MAX_DEPTH} nodes lead to the weight ${listed([name])}`)
    const array = tensor === undefined ? this.#evaluate(node as OnnxNode, depth) : floatsOf(tensor)
    this.#floats.set(key, array)
    return array
  }

  /** A list of whole numbers: a shape, axes, indices. Undefined where it is not constant. */
  integers(graph: OnnxGraph, name: string | undefined, depth = 0): number[] | undefined {
    if (name === undefined || name === '' || depth > MAX_DEPTH) return undefined
    const { tensor, node } = lookUp(graph, name)
    if (tensor !== undefined) return tensor.integers()
    if (node?.domain !== '') return undefined
    if (node.type === 'Identity' || node.type === 'Cast' || node.type === 'Unsqueeze' || node.type === 'Squeeze') {
      // an index with an axis more or less, as a list of numbers, is the same
      return this.integers(node.graph, node.inputs[0], depth + 1)
    }
    if (node.type !== 'Constant') return undefined
    const { attributes } = node
    const ints = attributes.get('value_ints')?.ints
    const i = attributes.get('value_int')?.i
    return attributes.get('value')?.t?.integers() ?? (ints ? [...ints] : i === undefined ? undefined : [i])
  }

  #evaluate(node: OnnxNode, depth: number): NamedArray | undefined {
    if (node.domain !== '') return undefined
    if (node.type === 'Constant') return constant(node)
    const inputs = node.type === 'Concat' ? node.inputs : node.inputs.slice(0, 1)
    const sources: NamedArray[] = []
    for (const input of inputs) {
      const source = this.floats(node.graph, input, depth + 1)
      if (source === undefined) return undefined
      sources.push(source)
    }
    const [source] = sources
    if (source === undefined) return undefined
    switch (node.type) {
      case 'Identity':
      case 'Cast':
        return source
      case 'Concat':
        return this.#concat(sources, normalized(node.attributes.get('axis')?.i ?? 0, source.shape.length))
      case 'Transpose':
        return this.#transpose(source, node.attributes.get('perm')?.ints ?? [])
      case 'Slice':
        return this.#slice(source, node)
      case 'Unsqueeze':
      case 'Squeeze':
      case 'Reshape': {
        const shape = this.#reshaped(source.shape, node)
        const fits = shape !== undefined && countOf(shape) === source.data.length
        return fits ? { shape, data: source.data } : undefined
      }
      default:
        return undefined
    }
  }

  #reshaped(shape: readonly number[], node: OnnxNode): number[] | undefined {
    if (node.type === 'Reshape') {
      const target = this.integers(node.graph, node.inputs[1])?.map((length, axis) =>
        length === 0 ? shape[axis] : length
      )
      const known = target?.reduce((product, length) => (length === -1 ? product : product * length), 1) ?? 0
      return target?.map((length) => (length === -1 ? countOf(shape) / known : length))
    }
    const axes = this.axes(node)
    if (node.type === 'Unsqueeze') {
      const result = [...shape]
      const places = axes?.map((axis) => normalized(axis, shape.length + axes.length)).sort((a, b) => a - b)
      for (const place of places ?? []) result.splice(place, 0, 1)
      return places === undefined ? undefined : result
    }
    const dropped = axes?.map((axis) => normalized(axis, shape.length))
    return shape.filter((length, axis) => (dropped === undefined ? length !== 1 : !dropped.includes(axis)))
  }

  /** The axes of a Squeeze or Unsqueeze: an attribute before version 13 of the operators, an input since. */
  axes(node: OnnxNode): readonly number[] | undefined {
    return node.attributes.get('axes')?.ints ?? this.integers(node.graph, node.inputs[1])
  }

  /** What a Slice cuts; undefined where it is not constant. */
  slices(node: OnnxNode, rank: number): { axis: number; start: number; end: number; step: number }[] | undefined {
    const { attributes, graph, inputs } = node
    const old = attributes.get('starts') !== undefined
    const list = (name: string, at: number) => (old ? attributes.get(name)?.ints : this.integers(graph, inputs[at]))
    const [starts, ends] = [list('starts', 1), list('ends', 2)]
    if (starts === undefined || ends === undefined || starts.length !== ends.length) return undefined
    if (!old && ((inputs[3] && !list('axes', 3)) || (inputs[4] && !list('steps', 4)))) return undefined
    const axes = list('axes', 3)
    const steps = old ? undefined : list('steps', 4)
    return starts.map((start, i) => ({
      axis: normalized(axes?.[i] ?? i, rank),
      start,
      end: ends[i] ?? 0,
      step: steps?.[i] ?? 1
    }))
  }

  #slice(source: NamedArray, node: OnnxNode): NamedArray | undefined {
    const slices = this.slices(node, source.shape.length)
    if (slices === undefined || slices.some(({ step, axis }) => step !== 1 || !(axis < source.shape.length)))
      return undefined
    const shape = [...source.shape]
    const strides = stridesOf(source.shape)
    let offset = 0
    for (const { axis, start, end } of slices) {
      const length = shape[axis]
      const clamp = (at: number): number => Math.min(length, Math.max(0, at < 0 ? at + length : at))
      offset += clamp(start) * strides[axis]
      shape[axis] = Math.max(0, clamp(end) - clamp(start))
    }
    return this.#gather(source.data, shape, strides, offset)
  }

  #transpose(source: NamedArray, perm: readonly number[]): NamedArray | undefined {
    const order = perm.length > 0 ? perm : source.shape.map((_, axis) => source.shape.length - 1 - axis)
    const isPermutation =
      order.length === source.shape.length && order.toSorted((a, b) => a - b).every((axis, i) => axis === i)
    if (!isPermutation) return undefined
    const strides = stridesOf(source.shape)
    return this.#gather(
      source.data,
      order.map((axis) => source.shape[axis]),
      order.map((axis) => strides[axis]),
      0
    )
  }

  #concat(sources: readonly NamedArray[], axis: number): NamedArray | undefined {
    const [first] = sources
    const fits = sources.every(
      ({ shape }) =>
        shape.length === first.shape.length && shape.every((length, i) => i === axis || length === first.shape[i])
    )
    if (!fits || !(axis >= 0 && axis < first.shape.length)) return undefined
    const shape = first.shape.map((length, i) =>
      i === axis ? sources.reduce((sum, source) => sum + source.shape[axis], 0) : length
    )
    const data = this.#allocate(countOf(shape))
    const outer = countOf(shape.slice(0, axis))
    let at = 0
    for (let block = 0; block < outer; block++) {
      for (const source of sources) {
        const length = source.data.length / outer
        data.set(source.data.subarray(block * length, (block + 1) * length), at)
        at += length
      }
    }
    return { shape, data }
  }

  #gather(data: Float32Array, shape: readonly number[], strides: readonly number[], offset: number): NamedArray {
    const gathered = this.#allocate(countOf(shape))
    let next = 0
    const walk = (axis: number, from: number): void => {
      if (axis === shape.length) gathered[next++] = data[from]
      else for (let i = 0; i < shape[axis]; i++) walk(axis + 1, from + i * strides[axis])
    }
    if (gathered.length > 0) walk(0, offset)
    return { shape, data: gathered }
  }

  #allocate(count: number): Float32Array {
    this.#valuesLeft -= count
    if (this.#valuesLeft < 0) throw refusal('its nodes make far more weights than the file holds')
    return new Float32Array(count)
  }
}

/** What a name means in a graph: it may come from the graphs around it. */
function lookUp(graph: OnnxGraph, name: string): { tensor?: OnnxTensor; node?: OnnxNode } {
  for (let scope: OnnxGraph | undefined = graph; scope !== undefined; scope = scope.parent) {
    const tensor = scope.initializers.get(name)
    if (tensor !== undefined) return { tensor }
    const node = scope.producers.get(name)
    if (node !== undefined) return { node }
    if (scope.inputs.has(name)) return {}
  }
  return {}
}

function constant({ attributes }: OnnxNode): NamedArray | undefined {
  const floats = attributes.get('value_floats')?.floats
  if (floats !== undefined) return { shape: [floats.length], data: Float32Array.from(floats) }
  const tensor = attributes.get('value')?.t
  return tensor === undefined ? undefined : floatsOf(tensor)
}

const floatsOf = (tensor: OnnxTensor): NamedArray | undefined => (tensor.isFloat ? tensor.floats() : undefined)

const countOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1)
const normalized = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis)

function stridesOf(shape: readonly number[]): number[] {
  const strides: number[] = []
  let stride = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride
    stride *= shape[axis]
  }
  return strides
}
