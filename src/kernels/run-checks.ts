import { gateNames, type LayerRun, type PackedLayer } from './kernel.ts'
import type { SharedHeap } from './memory.ts'

/** Whether a number is a length of an axis. */
export const positive = (value: number): boolean => Number.isInteger(value) && value > 0

export const expectLength = (name: string, array: { readonly length: number }, length: number, shape: string): void => {
  if (array.length < length) throw new RangeError(`${name} holds ${array.length} values; expected ${shape} = ${length}`)
}

/** What has to be true of a run before code that checks nothing goes over its arrays. */
export class RunChecks {
  readonly #heap: SharedHeap

  constructor(heap: SharedHeap) {
    this.#heap = heap
  }

  /** @throws RangeError unless the run can move `steps` steps through the layer, within its arrays */
  check(layer: PackedLayer, run: LayerRun, steps: number): void {
    const { t, T_x, activeRows } = run
    if (!Number.isInteger(t) || t < 0 || t + steps > T_x) {
      throw new RangeError(`a run at step ${t} of ${T_x} cannot move ${steps} steps`)
    }
    let before = this.#rowsOf(layer, run)
    for (let s = t; s < t + steps; s++) {
      const rows = activeRows[s]
      if (!(rows >= 0 && rows <= before)) {
        throw new RangeError(`${rows} rows are active at step ${s}; expected 0 to ${before}, never growing`)
      }
      before = rows
    }
  }

  #expectArray(name: string, array: Float32Array, length: number, shape: string): void {
    this.#heap.check(array)
    expectLength(name, array, length, shape)
  }

  /**
   * Looks at a run's arrays: they begin at the first of its rows, which may be some of the m that lie between two steps,
   * and hold them all at the last step too. Returns how many these are. At each call anew: for the many runs of one call
   * that takes less than to remember them.
   */
  #rowsOf(layer: PackedLayer, run: LayerRun): number {
    const { n_x, n_a, n_h } = layer
    const { T_x, m, activeRows } = run
    if (!positive(m) || !positive(T_x)) throw new RangeError(`m, T_x are ${m}, ${T_x}; expected whole numbers from 1`)
    expectLength('activeRows', activeRows, T_x, '(T_x)')
    const rows = activeRows[0]
    if (!(rows >= 0 && rows <= m)) throw new RangeError(`${rows} rows are active at step 0; expected 0 to ${m}`)
    const steps = (T_x - 1) * m + rows
    this.#expectArray('x', run.x, steps * n_x, '((T_x - 1)·m + rows)·n_x')
    this.#expectArray('a', run.a, (m + steps) * n_h, '(T_x·m + rows)·n_h')
    this.#expectArray('c', run.c, (m + steps) * n_a, '(T_x·m + rows)·n_a')
    for (const name of gateNames) {
      const gate = run.gates[name]
      if (gate !== undefined) this.#expectArray(name, gate, steps * n_a, '((T_x - 1)·m + rows)·n_a')
    }
    return rows
  }
}
