import type { ModelConfig, ModelMetadata } from '../../../schemas/index.ts'
import type { PackedLayer } from '../../kernels/kernel.ts'
import { type ParameterSet, placedLayers } from '../../parameters/parameter-set.ts'
import type { Scheduling } from '../../parameters/store.ts'

/** What a parameter set is as a model of the Open Inference Protocol; shapes are those of the layout features_first. */

const PLATFORM = 'lstm_serve'
/** The length of an axis that a request chooses: m, T_x. */
const ANY = -1

interface ModelTensor {
  readonly name: string
  readonly datatype: 'FP32' | 'INT32'
  readonly shape: number[]
  readonly optional?: boolean
}

function modelInputs(set: ParameterSet): ModelTensor[] {
  return [
    { name: 'x', datatype: 'FP32', shape: [set.n_x, ANY, ANY] }, // (n_x, m, T_x)
    { name: 'a0', datatype: 'FP32', shape: statesShape(set, ({ n_h }) => n_h), optional: true },
    { name: 'c0', datatype: 'FP32', shape: statesShape(set, ({ n_a }) => n_a), optional: true },
    { name: 'lengths', datatype: 'INT32', shape: [ANY], optional: true } // (m)
  ]
}

/** Those that come by default, and behind them those that a request has to name. */
function modelOutputs(set: ParameterSet): ModelTensor[] {
  const { head, n_a } = set
  const placed = placedLayers(set)
  const top = set.layers.length - 1
  const cellWidth = placed.reduce((width, { index, layer }) => (index === top ? width + layer.n_a : width), 0)
  const [{ direction, layer }] = placed
  const gates = placed.length === 1 && direction === 'forward' ? ['ft', 'it', 'cct', 'ot'] : []
  const shapes: [string, number[]][] = [
    ...(head === undefined ? [] : [named('y', [head.n_y, ANY, ANY])]),
    named('a', [n_a, ANY, ANY]),
    named('c', [cellWidth, ANY, ANY]),
    named(
      'a_last',
      statesShape(set, ({ n_h }) => n_h)
    ),
    named(
      'c_last',
      statesShape(set, ({ n_a }) => n_a)
    ),
    ...(head === undefined ? [] : [named('y_last', [head.n_y, ANY])]),
    ...gates.map((name) => named(name, [layer.n_a, ANY, ANY]))
  ]
  return shapes.map(([name, shape]) => ({ name, datatype: 'FP32', shape }))
}

function named(name: string, shape: number[]): [string, number[]] {
  return [name, shape]
}

/** (n, m), (layers, n, m) for several of the same width, or (all n one below the other, m). */
function statesShape(set: ParameterSet, widthOf: (layer: PackedLayer) => number): number[] {
  const widths = placedLayers(set).map(({ layer }) => widthOf(layer))
  const [n] = widths
  if (widths.length > 1 && widths.every((width) => width === n)) return [widths.length, n, ANY]
  return [widths.reduce((sum, width) => sum + width, 0), ANY]
}

export function modelMetadata(name: string, set: ParameterSet): ModelMetadata {
  const tensor = ({ name, datatype, shape }: ModelTensor) => ({ name, datatype, shape })
  return {
    name,
    versions: [set.version],
    platform: PLATFORM,
    inputs: modelInputs(set).map(tensor),
    outputs: modelOutputs(set).map(tensor)
  }
}

/**
 * The configuration as Triton has it. perf_analyzer reads max_batch_size, model_transaction_policy, response_cache, which
 * inputs are optional, and whether sequence_batching or dynamic_batching is there: with the first it sends sequences.
 * @param scheduling left out: sequences where the set can go on with one, which a reverse layer cannot
 */
export function modelConfig(name: string, set: ParameterSet, scheduling: Scheduling | undefined): ModelConfig {
  const dataType = ({ datatype }: ModelTensor) => `TYPE_${datatype}` as const
  const sequences = placedLayers(set).every(({ direction }) => direction === 'forward') && scheduling !== 'dynamic'
  return {
    name,
    platform: PLATFORM,
    backend: PLATFORM,
    version_policy: { latest: { num_versions: 1 } },
    max_batch_size: 0,
    input: modelInputs(set).map((input) => ({
      name: input.name,
      data_type: dataType(input),
      dims: input.shape,
      optional: input.optional === true
    })),
    output: modelOutputs(set).map((output) => ({ name: output.name, data_type: dataType(output), dims: output.shape })),
    // the controls of a sequence are parameters of a request, not tensors
    ...(sequences ? { sequence_batching: { control_input: [] } } : { dynamic_batching: {} }),
    model_transaction_policy: { decoupled: false },
    response_cache: { enable: false }
  }
}
