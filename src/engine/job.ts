import type { RowStrides } from '../codec/layout.ts'
import { LstmError } from '../errors.ts'
import type { Kernel } from '../kernels/kernel.ts'
import { type ParameterSet, placedLayers } from '../parameters/parameter-set.ts'
import { copyLastRows, copyRows } from './directions.ts'
import { type JobNeeds, layOut, Pieces } from './job-memory.ts'
import { DEFAULT_PRIORITY, type Part } from './part.ts'

export interface JobDescription extends JobNeeds {
  /** Real steps of each column, 1 to T_x; all of them when left out. */
  readonly lengths?: readonly number[] | undefined
  /** Most float32 values that the job may hold. */
  readonly maxValues: number
  /** Told how many it will hold, before it takes the memory; throws where that is too much just now. */
  readonly reserve?: (values: number) => void
}

/** Rows that came or go: where the elements lie in somebody's tensor. */
export interface RowSource {
  readonly data: Float32Array
  readonly strides: RowStrides
}

/** Rows of the kernel's memory, (T_x, m, n) from block `first` on. */
export interface RowsOf {
  readonly rows: Float32Array
  readonly n: number
  readonly first: number
  /** Each row runs backwards from its own last real step. */
  readonly mirrored: boolean
}

/**
 * One request's computation: m columns over T_x steps with one parameter set. Inside, the columns are sorted by
 * length, the longest first, so that the rows still running are always the first ones; results come out in the
 * order in which the columns came in.
 */
export class Job {
  readonly m: number
  readonly T_x: number
  readonly set: ParameterSet
  /** The whole of the job, as the stepper moves it. */
  readonly whole: Part
  readonly #kernel: Kernel
  /** All that the job holds, in one piece. */
  readonly #memory: Float32Array
  readonly #x: Float32Array // (T_x, m, n_x)
  /** Which column lies in each row of a block. (m) */
  readonly #columnOfRow: Int32Array
  readonly #sorted: boolean
  /** Rows still running at each step. (T_x) */
  readonly #activeRows: Int32Array

  /** @throws LSTM_ERR_JOB_TOO_LARGE, LSTM_ERR_OUT_OF_MEMORY, and what `reserve` throws */
  constructor(
    kernel: Kernel,
    { set, m, T_x, lengths, gates, predict, priority = DEFAULT_PRIORITY, maxValues, reserve }: JobDescription
  ) {
    this.#kernel = kernel
    this.m = m
    this.T_x = T_x
    this.set = set
    const columnOfRow = new Int32Array(m)
    for (let column = 0; column < m; column++) columnOfRow[column] = column
    if (lengths !== undefined) columnOfRow.sort((j, k) => lengths[k] - lengths[j] || j - k)
    this.#columnOfRow = columnOfRow
    this.#sorted = lengths === undefined || columnOfRow.every((column, row) => column === row)

    // twice the same: how much it is, and where it lies
    const needs = { set, m, T_x, gates, predict, priority }
    const measured = new Pieces()
    layOut(measured, needs, new Int32Array(0))
    if (measured.values > maxValues) throw new LstmError('LSTM_ERR_JOB_TOO_LARGE', [measured.values, maxValues])
    reserve?.(measured.values)
    this.#activeRows = activeRows(columnOfRow, lengths, T_x)
    this.#memory = kernel.allocate(measured.floats)
    const { x, whole } = layOut(new Pieces(this.#memory), needs, this.#activeRows)
    this.#x = x
    this.whole = whole
  }

  setInput(source: RowSource): void {
    this.#copyIn(source, this.#x, this.T_x, this.set.n_x)
  }

  /** The states before the first step of one layer in one direction, an index into `placedLayers`; zeros when there are none. */
  setStates(index: number, hidden: RowSource | undefined, cell: RowSource | undefined): void {
    const { layer, run } = this.whole.passes[index]
    this.#setState(hidden, run.a, layer.n_h)
    this.#setState(cell, run.c, layer.n_a)
  }

  #setState(source: RowSource | undefined, rows: Float32Array, n: number): void {
    if (source === undefined) rows.fill(0, 0, this.m * n)
    else this.#copyIn(source, rows, 1, n)
  }

  #copyIn({ data, strides }: RowSource, rows: Float32Array, T: number, n: number): void {
    const { m } = this
    const inOrder = strides.n === 1 && (m === 1 || strides.m === n) && (T === 1 || strides.T_x === m * n)
    if (this.#sorted && inOrder) {
      // V8 copies into shared memory word by word
      if (this.#kernel.copyFinite !== undefined && data.length === rows.length) this.#kernel.copyFinite(data, rows)
      else rows.set(data)
      return
    }
    let target = 0
    for (let t = 0; t < T; t++) {
      for (let row = 0; row < m; row++) {
        let source = t * strides.T_x + this.#columnOfRow[row] * strides.m
        for (let i = 0; i < n; i++, source += strides.n) rows[target++] = data[source]
      }
    }
  }

  get input(): RowsOf {
    return { rows: this.#x, n: this.set.n_x, first: 0, mirrored: false }
  }

  /** States of one layer in one direction: before each step (first = 0) or after it (1). */
  states(index: number, state: 'a' | 'c', first: 0 | 1 = 1): RowsOf {
    const { layer, run, mirrored } = this.whole.passes[index]
    return { rows: run[state], n: state === 'a' ? layer.n_h : layer.n_a, first, mirrored: mirrored !== undefined }
  }

  /** The states of the top layer after each step, in both directions. */
  topStates(state: 'a' | 'c'): RowsOf[] {
    const top = this.set.layers.length - 1
    const found: RowsOf[] = []
    for (const [place, { index }] of placedLayers(this.set).entries()) {
      if (index === top) found.push(this.states(place, state))
    }
    return found
  }

  /** The predictions of every step. Needs predict: 'all'. */
  get predictions(): RowsOf {
    return { rows: this.whole.y!, n: this.set.head!.n_y, first: 0, mirrored: false }
  }

  /** Every step of several features one below the other, in the order of the columns, 0 past each column's end. */
  allSteps(sources: readonly RowsOf[]): { data: Float32Array; block: number } {
    const { m, T_x } = this
    const [{ rows, first, mirrored }] = sources
    if (sources.length === 1 && !mirrored && this.#activeRows[T_x - 1] === m) return { data: rows, block: first }
    const width = widthOf(sources)
    const data = new Float32Array(T_x * m * width)
    let at = 0
    for (const { rows, n, first, mirrored } of sources) {
      copyRows({ source: rows.subarray(first * m * n), n, mirrored }, { target: data, width, at }, this.#rows)
      at += n
    }
    return { data, block: 0 }
  }

  /** Each column after the last step that it makes, which for a mirrored source is time step 0. (m, n) */
  lastSteps(sources: readonly RowsOf[]): Float32Array {
    const { m } = this
    const width = widthOf(sources)
    const data = new Float32Array(m * width)
    let at = 0
    for (const { rows, n, first } of sources) {
      copyLastRows({ source: rows.subarray(first * m * n), n }, { target: data, width, at }, this.#rows)
      at += n
    }
    return data
  }

  get #rows() {
    return { m: this.m, activeRows: this.#activeRows, columnOfRow: this.#columnOfRow }
  }

  /** The predictions of the last steps: (m, n_y). Needs predict: 'last'. */
  lastPredictions(): Float32Array {
    const { n_y } = this.set.head!
    const data = new Float32Array(this.m * n_y)
    for (let row = 0; row < this.m; row++) {
      data.set(this.whole.y!.subarray(row * n_y, (row + 1) * n_y), this.#columnOfRow[row] * n_y)
    }
    return data
  }

  /** Gives the memory back; the job is over. */
  release(): void {
    this.#kernel.release(this.#memory)
  }
}

function widthOf(sources: readonly RowsOf[]): number {
  return sources.reduce((width, { n }) => width + n, 0)
}

/** The last ones without lengths. Nobody writes to active rows, and most requests are of the size of the one before. */
let uniform = new Int32Array(0)
const MOST_KEPT = 4096

/** How many rows are longer than t, for each t; the longest come first. All are T_x steps long without `lengths`. */
function activeRows(columnOfRow: Int32Array, lengths: readonly number[] | undefined, T_x: number): Int32Array {
  let rows = columnOfRow.length
  if (lengths === undefined) {
    if (uniform.length === T_x && uniform[0] === rows) return uniform
    const active = new Int32Array(T_x).fill(rows)
    if (T_x <= MOST_KEPT) uniform = active
    return active
  }
  const active = new Int32Array(T_x)
  for (let t = 0; t < T_x; t++) {
    while (rows > 0 && lengths[columnOfRow[rows - 1]] <= t) rows--
    active[t] = rows
  }
  return active
}
