import { type Layout, sequenceView, stateView } from '../../codec/layout.ts'
import type { StridedTensor } from '../../codec/tensor.ts'
import type { Job, RowsOf } from '../../engine/job.ts'
import { LstmError } from '../../errors.ts'
import { type GateName, gateNames } from '../../kernels/kernel.ts'
import { type ParameterSet, type PlacedLayer, placedLayers } from '../../parameters/parameter-set.ts'

/** What a set can give, by name, and where it lies in a finished job. */

/** What each layer and direction can be asked for: `layers.1.forward.ft`. */
const layerMembers = ['a', 'c', ...gateNames] as const
type LayerMember = (typeof layerMembers)[number]

const LAYER_OUTPUT = /^layers\.(\d+)\.(forward|reverse)\.(a|c|ft|it|cct|ot)$/

/** An output of one layer in one direction, which is an index into `placedLayers`. */
interface LayerOutput {
  readonly place: number
  readonly member: LayerMember
}

/** The outputs that are asked for, held against the set that is to give them. */
export class Outputs {
  readonly names: readonly string[]
  readonly #placed: readonly PlacedLayer[]
  /** One forward layer: its gates need no further name. */
  readonly #single: boolean

  /**
   * @param common the names that do not depend on the set's layers
   * @param single those that only a set of one forward layer has
   * @throws LSTM_ERR_NO_SUCH_OUTPUT naming those that there are
   */
  constructor(set: ParameterSet, names: readonly string[], common: readonly string[], single: readonly string[]) {
    this.names = names
    this.#placed = placedLayers(set)
    this.#single = this.#placed.length === 1 && this.#placed[0].direction === 'forward'
    const ofHead = (name: string) => set.head !== undefined || (name !== 'y' && name !== 'y_last')
    const isThere = (name: string) =>
      (common.includes(name) && ofHead(name)) ||
      (this.#single && single.includes(name)) ||
      (this.layerOutput(name)?.place ?? -1) >= 0
    const wrong = names.findIndex((name) => !isThere(name))
    if (wrong < 0) return
    const own = this.#placed.flatMap(({ index, direction }) =>
      layerMembers.map((member) => `layers.${index}.${direction}.${member}`)
    )
    const there = [...common.filter(ofHead), ...(this.#single ? single : []), ...own]
    const reason = common.includes(names[wrong])
      ? 'has no head'
      : set.layers.length === 1
        ? 'has one layer'
        : `has ${set.layers.length} layers`
    throw LstmError.at(`/outputs/${wrong}`, 'LSTM_ERR_NO_SUCH_OUTPUT', [names[wrong], reason, there])
  }

  has(name: string): boolean {
    return this.names.includes(name)
  }

  /** The layer that an output is of; undefined for one of the whole set. */
  layerOutput(name: string): LayerOutput | undefined {
    if (this.#single && (gateNames as readonly string[]).includes(name)) return { place: 0, member: name as GateName }
    const [, index, direction, member] = name.startsWith('layers.') ? (LAYER_OUTPUT.exec(name) ?? []) : []
    if (index === undefined) return undefined
    const place = this.#placed.findIndex((each) => each.index === Number(index) && each.direction === direction)
    return { place, member: member as LayerMember }
  }

  /** The gates that a job has to keep. @param all those of the only layer, every one */
  gates(all: boolean): (ReadonlySet<GateName> | undefined)[] {
    const gates = this.#placed.map(() => new Set<GateName>(all ? gateNames : []))
    for (const name of this.names) {
      const output = this.layerOutput(name)
      if (output === undefined || output.member === 'a' || output.member === 'c') continue
      gates[output.place].add(output.member)
    }
    return gates
  }
}

export function layerRows(job: Job, { place, member }: LayerOutput): RowsOf {
  if (member === 'a' || member === 'c') return job.states(place, member)
  const { layer, run, mirrored } = job.whole.passes[place]
  return { rows: run.gates[member]!, n: layer.n_a, first: 0, mirrored: mirrored !== undefined }
}

/** Rows of every step, with a time axis, or of each column's last step, without. */
export function rowsView(job: Job, rows: readonly RowsOf[], steps: 'all' | 'last', layout: Layout): StridedTensor {
  const { m, T_x } = job
  const n = rows.reduce((width, each) => width + each.n, 0)
  if (steps === 'last') return stateView(job.lastSteps(rows), 0, m, n, layout)
  const { data, block } = job.allSteps(rows)
  return sequenceView(data, block, T_x, m, n, layout)
}

/** The predictions of every step or of the last ones. */
export function predictionView(job: Job, steps: 'all' | 'last', layout: Layout): StridedTensor {
  const { m, T_x } = job
  const { n_y } = job.set.head!
  if (steps === 'last') return stateView(job.lastPredictions(), 0, m, n_y, layout)
  const { data, block } = job.allSteps([job.predictions])
  return sequenceView(data, block, T_x, m, n_y, layout)
}

/** The states of every layer and direction after the last step that it makes, as `inputStates` reads them. */
export function lastStates(job: Job, state: 'a' | 'c', layout: Layout): StridedTensor {
  const rows = job.whole.passes.map((_, place) => job.states(place, state))
  return stackStates(
    rows.map((each) => ({ data: job.lastSteps([each]), n: each.n })),
    job.m,
    layout
  )
}

/** States (m, n) of each layer and direction as one tensor, as `inputStates` reads them. */
export function stackStates(
  states: readonly { readonly data: Float32Array; readonly n: number }[],
  m: number,
  layout: Layout
): StridedTensor {
  const [{ n, data: only }] = states
  if (states.length === 1) return stateView(only, 0, m, n, layout)
  const width = states.reduce((sum, each) => sum + each.n, 0)
  const all = new Float32Array(m * width)
  if (states.every((each) => each.n === n)) {
    for (const [place, { data }] of states.entries()) all.set(data, place * m * n)
    const { shape, strides } = stateView(all, 0, m, n, layout)
    return { shape: [states.length, ...shape], strides: [m * n, ...strides], data: all, offset: 0 }
  }
  let at = 0
  for (const each of states) {
    for (let j = 0; j < m; j++) all.set(each.data.subarray(j * each.n, (j + 1) * each.n), j * width + at)
    at += each.n
  }
  return stateView(all, 0, m, width, layout)
}
