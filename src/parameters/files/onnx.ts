import { type Fault, faultOf } from './fault.ts'
import { type OnnxTensor, readOnnxTensor } from './onnx-tensor.ts'
import { ProtobufReader } from './protobuf.ts'

/** An attribute of a node; what is not there is undefined. */
interface OnnxAttribute {
  readonly f?: number
  readonly i?: number
  readonly s?: string
  readonly t?: OnnxTensor
  readonly floats: readonly number[]
  readonly ints: readonly number[]
  readonly strings: readonly string[]
}

export interface OnnxNode {
  readonly type: string
  readonly name: string
  /** Of ONNX's own operators: empty. */
  readonly domain: string
  /** An optional input that is left out is empty. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: ReadonlyMap<string, OnnxAttribute>
  readonly graph: OnnxGraph
}

/** A graph, or a branch of an `If` or the body of a `Loop`, which also see the names of the graph around them. */
export interface OnnxGraph {
  readonly parent: OnnxGraph | undefined
  readonly nodes: OnnxNode[]
  readonly initializers: Map<string, OnnxTensor>
  readonly inputs: Set<string>
  readonly outputs: Set<string>
  /** What makes a name. */
  readonly producers: Map<string, OnnxNode>
  /** Who reads a name, each node once. */
  readonly readers: Map<string, OnnxNode[]>
}

export interface OnnxFile {
  /** The main graph and all those in it. */
  readonly graphs: readonly OnnxGraph[]
  /** Version of ONNX's own operators. */
  readonly opset: number
  readonly metadata: ReadonlyMap<string, string>
}

/** Each costs memory before anything is known of its use; a model has some hundreds. */
const MAX_PARTS = 300_000
const MAX_NESTING = 12
const MAX_NUMBERS = 4096

// Field numbers are those of onnx.proto.

/**
 * Reads an ONNX model as far as its LSTMs need it.
 * @throws LSTM_ERR_UNREADABLE_FILE
 */
export function readOnnx(bytes: Uint8Array): OnnxFile {
  const reader = new GraphReader(faultOf('onnx'))
  return reader.model(bytes)
}

class GraphReader {
  readonly #fault: Fault
  readonly #graphs: OnnxGraph[] = []
  #parts = 0

  constructor(fault: Fault) {
    this.#fault = fault
  }

  model(bytes: Uint8Array): OnnxFile {
    const metadata = new Map<string, string>()
    let opset = 0
    let graph: Uint8Array | undefined
    const fields = this.#fields(bytes, 'the model')
    while (fields.next()) {
      if (fields.field === 7) graph = fields.bytes()
      else if (fields.field === 8) opset = Math.max(opset, this.#opset(fields.bytes()))
      else if (fields.field === 14) metadata.set(...this.#pair(fields.bytes()))
    }
    if (graph === undefined) throw this.#fault('there is no graph in it; the file is cut off or is no ONNX model')
    this.#graph(graph, undefined, 0)
    return { graphs: this.#graphs, opset, metadata }
  }

  #opset(bytes: Uint8Array): number {
    let domain = ''
    let version = 0
    const fields = this.#fields(bytes, 'an operator set')
    while (fields.next()) {
      if (fields.field === 1) domain = fields.text()
      else if (fields.field === 2) version = fields.integer()
    }
    return domain === '' || domain === 'ai.onnx' ? version : 0
  }

  #pair(bytes: Uint8Array): [string, string] {
    const pair: [string, string] = ['', '']
    const fields = this.#fields(bytes, 'the metadata')
    while (fields.next()) if (fields.field === 1 || fields.field === 2) pair[fields.field - 1] = fields.text()
    return pair
  }

  #graph(bytes: Uint8Array, parent: OnnxGraph | undefined, nesting: number): OnnxGraph {
    if (nesting > MAX_NESTING) throw this.#fault(`its graphs are nested more than ${MAX_NESTING} deep`)
    const graph: OnnxGraph = {
      parent,
      nodes: [],
      initializers: new Map(),
      inputs: new Set(),
      outputs: new Set(),
      producers: new Map(),
      readers: new Map()
    }
    this.#graphs.push(graph)
    const fields = this.#fields(bytes, 'a graph')
    while (fields.next()) {
      if (fields.field === 1) this.#node(fields.bytes(), graph, nesting)
      else if (fields.field === 5) {
        this.#counted('')
        const tensor = readOnnxTensor(fields.bytes(), this.#fault)
        graph.initializers.set(tensor.name, tensor)
      } else if (fields.field === 11) graph.inputs.add(this.#valueName(fields.bytes()))
      else if (fields.field === 12) graph.outputs.add(this.#valueName(fields.bytes()))
    }
    return graph
  }

  #valueName(bytes: Uint8Array): string {
    const fields = this.#fields(bytes, 'an input or output')
    while (fields.next()) if (fields.field === 1) return fields.text()
    return ''
  }

  #node(bytes: Uint8Array, graph: OnnxGraph, nesting: number): void {
    const inputs: string[] = []
    const outputs: string[] = []
    const attributes = new Map<string, OnnxAttribute>()
    let [name, type, domain] = ['', '', '']
    const fields = this.#fields(bytes, 'a node')
    while (fields.next()) {
      if (fields.field === 1) inputs.push(this.#counted(fields.text()))
      else if (fields.field === 2) outputs.push(this.#counted(fields.text()))
      else if (fields.field === 3) name = fields.text()
      else if (fields.field === 4) type = fields.text()
      else if (fields.field === 5) this.#attribute(fields.bytes(), attributes, graph, nesting)
      else if (fields.field === 7) domain = fields.text()
    }
    const node = { type, name, domain: domain === 'ai.onnx' ? '' : domain, inputs, outputs, attributes, graph }
    graph.nodes.push(node)
    for (const input of new Set(inputs)) {
      const readers = graph.readers.get(input)
      if (readers === undefined) graph.readers.set(input, [node])
      else readers.push(node)
    }
    for (const output of outputs) {
      if (output === '') continue
      if (graph.producers.has(output)) throw this.#fault(`two nodes make ${JSON.stringify(output.slice(0, 100))}`)
      graph.producers.set(output, node)
    }
  }

  #attribute(bytes: Uint8Array, into: Map<string, OnnxAttribute>, graph: OnnxGraph, nesting: number): void {
    let name = ''
    const floats: number[] = []
    const ints: number[] = []
    const strings: string[] = []
    const scalars: { f?: number; i?: number; s?: string; t?: OnnxTensor } = {}
    const fields = this.#fields(bytes, 'an attribute')
    while (fields.next()) {
      if (fields.field === 1) name = fields.text()
      else if (fields.field === 2) scalars.f = fields.float32()
      else if (fields.field === 3) scalars.i = fields.integer()
      else if (fields.field === 4) scalars.s = fields.text()
      else if (fields.field === 5) scalars.t = readOnnxTensor(fields.bytes(), this.#fault)
      else if (fields.field === 6 || fields.field === 11) this.#graph(fields.bytes(), graph, nesting + 1)
      else if (fields.field === 7) fields.floats(floats, MAX_NUMBERS)
      else if (fields.field === 8) fields.integers(ints, MAX_NUMBERS)
      else if (fields.field === 9) strings.push(this.#counted(fields.text()))
    }
    into.set(name, { ...scalars, floats, ints, strings })
  }

  #fields(bytes: Uint8Array, what: string): ProtobufReader {
    this.#counted('')
    return new ProtobufReader(bytes, what, this.#fault)
  }

  #counted(text: string): string {
    this.#parts++
    if (this.#parts > MAX_PARTS) throw this.#fault(`it has more than ${MAX_PARTS} nodes, names and attributes`)
    return text
  }
}
