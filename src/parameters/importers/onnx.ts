import { type ModelLayer, widthOf } from '../../lstm/model.ts'
import type { OnnxFile, OnnxNode } from '../files/onnx.ts'
import { chooseLstm, headActivation, type ImportedModel, type ImportSettings, listed, refusal } from './imported.ts'
import { inputAxes, movedAxes, outputAxes } from './onnx-axes.ts'
import { OnnxConstants } from './onnx-constants.ts'
import { type FoundHead, readersOf, readOnnxHead, type Value } from './onnx-head.ts'
import { readOnnxLstm } from './onnx-lstm.ts'
import { parseOptions, withOptions } from './options.ts'

const title = (node: OnnxNode): string => node.name || node.outputs.find((output) => output !== '') || node.type
const isLstm = ({ type, domain }: OnnxNode): boolean => type === 'LSTM' && domain === ''
const MAX_LSTMS = 1000
/** How many nodes one looks at behind the LSTMs, all together. */
const MAX_LOOKS = 100_000

/**
 * A model from an ONNX file: LSTM nodes one on the other, with nothing but moving between them, and a MatMul or Gemm
 * behind them as the head.
 * @param maxValues of all weights that are made of others on the way
 * @throws LSTM_ERR_INVALID_PARAMETER_SET where the file holds more or something else, with the setting that makes it clear
 * @throws LSTM_ERR_SHAPE_MISMATCH
 */
export function importOnnx(file: OnnxFile, settings: ImportSettings, maxValues: number): ImportedModel {
  const constants = new OnnxConstants(maxValues)
  const nodes = file.graphs.flatMap((graph) => graph.nodes.filter(isLstm))
  if (nodes.length === 0) {
    const types = new Set(file.graphs.flatMap((graph) => graph.nodes.map(({ type }) => type)))
    throw refusal(`no LSTM node in this file; its nodes are ${listed([...types])}`)
  }
  if (nodes.length > MAX_LSTMS) throw refusal(`the file has ${nodes.length} LSTM nodes; at most ${MAX_LSTMS} are read`)
  const looks = { left: MAX_LOOKS }
  const links = new Map(nodes.map((node) => [node, followUp(node, file.opset, constants, looks)]))
  const chains = chainsOf(nodes, links)
  const chain = chains.get(chooseLstm([...chains.keys()], settings)) as OnnxNode[]
  const top = chain[chain.length - 1]
  const layers = chain.map((node) => readOnnxLstm(node, constants))
  checkWidths(chain, layers)

  const { heads, others } = links.get(top) as FollowUp
  const found = chooseHead(heads, settings)
  const leftOut = [
    ...inputSide(chain[0]),
    ...others,
    ...(found === undefined ? heads.map(({ name }) => name) : found.behind.map(describe)),
    ...(top.graph.parent === undefined ? [] : ['the graph around it'])
  ]
  if (leftOut.length > 0 && settings.prefix === undefined && settings.head === undefined) {
    throw refusal(
      `besides the LSTM${found === undefined ? '' : ' and its head'}, the model has ${listed(leftOut)}; ?prefix=${listed([title(chain[0])])} says to leave them out`
    )
  }
  if (found === undefined && settings.head_activation !== undefined) {
    throw refusal(
      `head_activation=${settings.head_activation}, but there is no head: no MatMul or Gemm follows the LSTM`
    )
  }
  const head = found && { ...found.head, activation: headActivation(found.head.activation, 'linear', settings) }
  const said = file.metadata.get('lstm_serve')
  const model = { layers, ...(head ? { head } : {}) }
  return {
    // ONNX keeps alpha, beta and clip as float32; a file of this service's own says them exactly
    model: said === undefined ? model : withOptions(model, parseOptions(said, 'lstm_serve in the metadata')),
    source: {
      convention: 'onnx',
      lstm: chain.map(title).join(', '),
      head: found?.name ?? null,
      lastOnly: found?.lastOnly ?? false,
      leftOut: leftOut.slice(0, 100)
    }
  }
}

interface FollowUp {
  /** LSTM nodes that read what this one gives, step by step. */
  readonly above: OnnxNode[]
  readonly heads: FoundHead[]
  /** What else reads it. */
  readonly others: string[]
}

const describe = (node: OnnxNode): string => `${title(node)} (${node.type})`

/** What becomes of the outputs of an LSTM node. */
function followUp(node: OnnxNode, opset: number, constants: OnnxConstants, looks: { left: number }): FollowUp {
  const D = node.attributes.get('direction')?.s === 'bidirectional' ? 2 : 1
  const reverse = node.attributes.get('direction')?.s === 'reverse'
  const H = node.attributes.get('hidden_size')?.i ?? 0
  const F = D * H
  const above: OnnxNode[] = []
  const heads: FoundHead[] = []
  const others: string[] = []
  const values: (Value & { readonly output: 'Y' | 'Y_h' })[] = []
  const { graph } = node
  for (const [i, output] of (['Y', 'Y_h'] as const).entries()) {
    const name = node.outputs[i]
    if (name) values.push({ name, graph, axes: outputAxes(node, output), output })
  }
  for (let value = values.pop(); value !== undefined; value = values.pop()) {
    const { name, output } = value
    // at the last step of Y a reverse direction has read that step alone; its last state, in Y_h, is that of the first
    const served = output === 'Y_h' || (D === 1 && !reverse) || value.axes.includes('T') || value.axes.includes('S')
    for (const reader of readersOf(value)) {
      if (looks.left-- <= 0) throw refusal(`more than ${MAX_LOOKS} nodes stand behind the LSTMs of this file`)
      const axes = movedAxes(reader, value.axes, D, F, constants)
      if (isLstm(reader)) {
        if (reader.inputs[0] !== name) continue // hands its last state on to a decoder
        const axesOfX = featured(value, D)
        if (inputAxes(reader).join() === axesOfX.join()) above.push(reader)
        else others.push(describe(reader))
      } else if (axes !== undefined) {
        values.push({ name: reader.outputs[0], graph: reader.graph, axes, output })
      } else {
        const input = { ...value, axes: featured(value, D) }
        const head = served ? readOnnxHead(reader, input, F, opset, constants) : undefined
        if (head === undefined) others.push(describe(reader))
        else heads.push(head)
      }
    }
  }
  return { above, heads, others }
}

function featured({ axes }: Value, D: number): Value['axes'] {
  return D > 1 ? axes : axes.map((axis) => (axis === 'H' ? 'F' : axis))
}

/** Stacks: each LSTM on the only one that it reads, unless others read that one too. By the name of the lowest. */
function chainsOf(nodes: readonly OnnxNode[], links: ReadonlyMap<OnnxNode, FollowUp>): Map<string, OnnxNode[]> {
  const next = new Map<OnnxNode, OnnxNode>()
  for (const [node, { above, heads }] of links) if (above.length === 1 && heads.length === 0) next.set(node, above[0])
  const reached = new Set(next.values())
  const chains = new Map<string, OnnxNode[]>()
  for (const node of nodes) {
    if (reached.has(node)) continue
    const chain: OnnxNode[] = []
    for (
      let here: OnnxNode | undefined = node;
      here !== undefined && chain.length <= nodes.length;
      here = next.get(here)
    ) {
      chain.push(here)
    }
    let name = title(node)
    for (let n = 2; chains.has(name); n++) name = `${title(node)}#${n}`
    chains.set(name, chain)
  }
  if (chains.size === 0) throw refusal('the LSTM nodes of this file read each other in a circle')
  return chains
}

function checkWidths(chain: readonly OnnxNode[], layers: readonly ModelLayer[]): void {
  for (let k = 1; k < layers.length; k++) {
    const below = widthOf(layers[k - 1])
    const { n_x } = layers[k].forward ?? (layers[k].reverse as NonNullable<ModelLayer['reverse']>)
    if (n_x !== below) throw refusal(`${title(chain[k])} reads ${n_x} features; ${title(chain[k - 1])} gives ${below}`)
  }
}

function chooseHead(heads: readonly FoundHead[], { head }: ImportSettings): FoundHead | undefined {
  if (head === 'none') return undefined
  const names = heads.map(({ name }) => name)
  if (head !== undefined) {
    const named = heads.find(({ name }) => name === head)
    if (named === undefined)
      throw refusal(`no head behind the LSTM is called ${listed([head])}; there are ${listed(names)}`)
    return named
  }
  if (heads.length > 1) {
    throw refusal(
      `several nodes could be the head: ${listed(names)}; choose one with ?head=${listed([names[0]])} or ?head=none`
    )
  }
  return heads[0]
}

/** What computes the input of a stack, unless it is an input of the graph itself. */
function inputSide(node: OnnxNode): string[] {
  let name = node.inputs[0]
  for (let steps = 0; steps < MAX_LSTMS; steps++) {
    const producer = node.graph.producers.get(name)
    if (producer === undefined) return node.graph.inputs.has(name) ? [] : [`what computes ${name}`]
    const swapsStepsAndExamples =
      producer.type === 'Transpose' && producer.attributes.get('perm')?.ints.join() === '1,0,2'
    const moves =
      swapsStepsAndExamples || ['Identity', 'Cast', 'Squeeze', 'Unsqueeze', 'Dropout'].includes(producer.type)
    if (!moves || producer.domain !== '') return [describe(producer)]
    name = producer.inputs[0]
  }
  return []
}
