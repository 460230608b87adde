import type { GateName, GateOutputs } from '../kernels/kernel.ts'
import { type ParameterSet, type PlacedLayer, placedLayers } from '../parameters/parameter-set.ts'
import { DEFAULT_PRIORITY, type Part } from './part.ts'
import type { Pass } from './pass.ts'

/** Pieces of a job's memory begin at multiples of this, so that no two share a line of the cache. */
const LINE_FLOATS = 16

const NOTHING = new Float32Array(0)

/** Hands out the pieces of a job's memory, or, without one, says how much would be needed. */
export class Pieces {
  /** Values taken. */
  values = 0
  /** Floats that these take up. */
  floats = 0
  readonly #memory: Float32Array | undefined

  constructor(memory?: Float32Array) {
    this.#memory = memory
  }

  take(length: number): Float32Array {
    const piece = this.#memory?.subarray(this.floats, this.floats + length) ?? NOTHING
    this.values += length
    this.floats += Math.ceil(length / LINE_FLOATS) * LINE_FLOATS
    return piece
  }

  /** A float of 0 on a line of its own, which is no value of the job's. */
  takeFlag(): Float32Array {
    const flag = this.take(1).fill(0)
    this.values--
    return flag
  }
}

/** What decides how much memory a job needs. */
export interface JobNeeds {
  readonly set: ParameterSet
  readonly m: number
  readonly T_x: number
  /** The gates to keep, of each layer and direction in the order of `placedLayers`; none of those left out. */
  readonly gates: readonly (ReadonlySet<GateName> | undefined)[]
  readonly predict: Part['predict']
  readonly priority?: number | undefined
}

/**
 * Everything that a job holds: its input, the passes over it, the predictions. What one layer gives is the input of
 * the next as it lies; only reverse directions have rows turned around, and are joined with the forward ones.
 * @param activeRows (T_x)
 * @returns the input (T_x, m, n_x), and the whole as a part
 */
export function layOut(pieces: Pieces, needs: JobNeeds, activeRows: Int32Array): { x: Float32Array; whole: Part } {
  const { set, m, T_x, gates, predict, priority = DEFAULT_PRIORITY } = needs
  const { head } = set
  const placed = placedLayers(set)
  const x = pieces.take(T_x * m * set.n_x)
  const passes: Pass[] = []
  let input = x
  const running = longest(activeRows)
  for (let i = 0; i < placed.length; i++) {
    const { layer, index, direction } = placed[i]
    const { n_x, n_a, n_h } = layer
    const reverse = direction === 'reverse'
    const run = {
      m,
      T_x: running, // nothing runs past the longest column
      x: reverse ? pieces.take(T_x * m * n_x) : input,
      a: pieces.take((T_x + 1) * m * n_h),
      c: pieces.take((T_x + 1) * m * n_a),
      gates: gateOutputs(gates[i], () => pieces.take(T_x * m * n_a)),
      activeRows,
      t: 0
    }
    const top = index === set.layers.length - 1
    const forward = reverse && set.layers[index].forward !== undefined ? passes[i - 1] : undefined
    const width = n_h + (forward?.layer.n_h ?? 0)
    const joins = reverse && (!top || predict === 'all')
    const joined = joins ? { forward, into: pieces.take(T_x * m * width) } : undefined
    passes.push({ layer, run, mirrored: reverse ? input : undefined, joined })
    if (!top && lastOfLayer(set, placed[i])) input = joined?.into ?? run.a.subarray(m * n_h)
  }
  const n_y = head?.n_y ?? 0
  const reverseTop = set.layers[set.layers.length - 1].reverse !== undefined
  return {
    x,
    whole: {
      passes,
      pass: 0,
      head,
      predict,
      y: predict === 'none' ? undefined : pieces.take((predict === 'all' ? T_x : 1) * m * n_y),
      last: predict === 'last' && reverseTop ? pieces.take(m * set.n_a) : undefined,
      stop: pieces.takeFlag(),
      priority
    }
  }
}

/** Whether the layer's output is there when this direction is done. */
function lastOfLayer({ layers }: ParameterSet, { index, direction }: PlacedLayer): boolean {
  return direction === 'reverse' || layers[index].reverse === undefined
}

function gateOutputs(gates: ReadonlySet<GateName> | undefined, take: () => Float32Array): GateOutputs {
  const outputs: { [Gate in GateName]?: Float32Array } = {}
  for (const gate of gates ?? []) outputs[gate] = take()
  return outputs
}

/** Steps of the longest row. */
function longest(activeRows: Int32Array): number {
  let T = activeRows.length
  while (T > 0 && activeRows[T - 1] === 0) T--
  return T
}
