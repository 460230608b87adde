import { LstmError } from '../errors.ts'
import type { Kernel, LayerRun } from '../kernels/kernel.ts'
import type { ParameterSet } from '../parameters/parameter-set.ts'
import { advanceParts, finished, type Part } from './part.ts'
import { RowCounts } from './row-counts.ts'

/** How long one tick may keep the thread from looking at new messages. */
const TICK_MS = 0.5

/** Multiplications per millisecond that a kernel is taken for until it has shown its speed; low, for short ticks. */
const FIRST_SPEED = 50_000
/** Over how many calls the speed is averaged. */
const SPEED_MEMORY = 16

interface Running {
  readonly part: Part
  /** Milliseconds of its share in the kernel's calls so far. */
  computeMs: number
  readonly resolve: (computeMs: number) => void
  readonly reject: (error: unknown) => void
}

/**
 * The tick loop of a worker. All running parts of a parameter set advance together, a few time steps at a time; the
 * sets take turns. A new part joins at the next tick, a finished one leaves at once, and between ticks the thread
 * takes messages. (Cellular batching: Gao et al., Low Latency RNN Inference with Cellular Batching, EuroSys 2018.)
 */
export class Stepper {
  readonly #kernel: Kernel
  readonly #rowCounts: RowCounts
  readonly #running = new Map<ParameterSet, Running[]>()
  #scheduled = false
  #speed = FIRST_SPEED

  /** @param rowCounts counts the rows of each call of the kernel */
  constructor(kernel: Kernel, rowCounts = new RowCounts()) {
    this.#kernel = kernel
    this.#rowCounts = rowCounts
  }

  /**
   * Resolves when the part has made its last step, with the milliseconds that the kernel worked for it: of each call
   * that it shared, the share of its rows. Rejects with what the kernel
   * threw, or LSTM_ERR_CLIENT_GONE at the tick after it was stopped.
   */
  run(part: Part): Promise<number> {
    return new Promise((resolve, reject) => {
      const running = this.#running.get(part.set) ?? []
      running.push({ part, computeMs: 0, resolve, reject })
      this.#running.set(part.set, running)
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#tick()
      if (this.#running.size > 0) this.#schedule()
    })
  }

  /** Goes on until a part is done, whose answer should not wait, or the time is up. */
  #tick(): void {
    const end = performance.now() + TICK_MS
    let done = false
    while (!done && performance.now() < end) {
      for (const [set, running] of this.#running) done = this.#advanceSet(set, running) || done
    }
  }

  /** Some time steps of all parts of one set. True when one of them is over. */
  #advanceSet(set: ParameterSet, running: readonly Running[]): boolean {
    if (running.some(({ part }) => part.stop[0] !== 0)) return this.#dropStopped(set, running)
    const parts = running.map(({ part }) => part)
    const rowWork = 4 * set.n_a * (set.n_a + set.n_x)
    const steps = this.#stepsAtOnce(parts, rowWork)
    const rows = parts.map(({ run }) => rowsOfSteps(run, steps))
    const allRows = rows.reduce((sum, each) => sum + each, 0)
    this.#rowCounts.count(Math.ceil(allRows / steps))
    const begin = performance.now()
    try {
      advanceParts(this.#kernel, set, parts, steps)
    } catch (error) {
      this.#running.delete(set)
      for (const { reject } of running) reject(error)
      return true
    }
    const ms = performance.now() - begin
    this.#learnSpeed(allRows * rowWork, ms)
    for (const [i, each] of running.entries()) each.computeMs += (ms * rows[i]) / allRows
    const left = running.filter(({ part }) => !finished(part))
    if (left.length === running.length) return false
    if (left.length === 0) this.#running.delete(set)
    else this.#running.set(set, left)
    for (const { part, computeMs, resolve } of running) if (finished(part)) resolve(computeMs)
    return true
  }

  #dropStopped(set: ParameterSet, running: readonly Running[]): true {
    const left = running.filter(({ part }) => part.stop[0] === 0)
    if (left.length === 0) this.#running.delete(set)
    else this.#running.set(set, left)
    for (const { part, reject } of running) if (part.stop[0] !== 0) reject(new LstmError('LSTM_ERR_CLIENT_GONE', []))
    return true
  }

  /** As many steps as fit into a tick at the speed seen so far, and no more than the first part to end has left. */
  #stepsAtOnce(parts: readonly Part[], rowWork: number): number {
    const left = parts.reduce((least, { run }) => Math.min(least, run.T_x - run.t), Number.POSITIVE_INFINITY)
    const rows = parts.reduce((sum, { run }) => sum + run.activeRows[run.t], 0)
    const fit = Math.floor((this.#speed * TICK_MS) / this.#running.size / (rows * rowWork))
    return Math.max(1, Math.min(left, fit))
  }

  #learnSpeed(work: number, ms: number): void {
    if (ms > 0) this.#speed += (work / ms - this.#speed) / SPEED_MEMORY
  }
}

/** Rows of the run's next `steps` steps together. */
function rowsOfSteps({ t, activeRows }: LayerRun, steps: number): number {
  let rows = 0
  for (let step = t; step < t + steps; step++) rows += activeRows[step]
  return rows
}
