import type { RowStrides } from '../codec/layout.ts'
import { LstmError } from '../errors.ts'
import type { GateOutputs, Kernel } from '../kernels/kernel.ts'
import type { ParameterSet } from '../parameters/parameter-set.ts'
import type { Part } from './part.ts'

export const gateNames = ['ft', 'it', 'cct', 'ot'] as const
export type GateName = (typeof gateNames)[number]

export interface JobDescription {
  readonly set: ParameterSet
  readonly m: number
  readonly T_x: number
  /** Real steps of each column, 1 to T_x; all of them when left out. */
  readonly lengths?: readonly number[] | undefined
  readonly gates: ReadonlySet<GateName>
  readonly predict: Part['predict']
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

/** Pieces of a job's memory begin at multiples of this, so that no two share a line of the cache. */
const LINE_FLOATS = 16

/**
 * One request's computation: m columns over T_x steps with one parameter set. Inside, the columns are sorted by
 * length, the longest first, so that the rows still running are always the first ones; results come out in the
 * order in which the columns came in.
 */
export class Job {
  readonly m: number
  readonly T_x: number
  /** The whole of the job, as the stepper moves it. */
  readonly whole: Part
  readonly #kernel: Kernel
  /** All that the job holds, in one piece. */
  readonly #memory: Float32Array
  /** Which column lies in each row of a block. (m) */
  readonly #columnOfRow: Int32Array
  readonly #sorted: boolean
  /** Real steps of the column in each row. (m) */
  readonly #lengthOfRow: Int32Array

  /** @throws LSTM_ERR_JOB_TOO_LARGE, LSTM_ERR_OUT_OF_MEMORY, and what `reserve` throws */
  constructor(kernel: Kernel, { set, m, T_x, lengths, gates, predict, maxValues, reserve }: JobDescription) {
    const { n_x, n_a, n_y } = set
    const sizes = {
      x: T_x * m * n_x,
      a: (T_x + 1) * m * n_a,
      c: (T_x + 1) * m * n_a,
      y: predict === 'none' ? 0 : (predict === 'all' ? T_x : 1) * m * n_y,
      gate: T_x * m * n_a
    }
    const values = sizes.x + sizes.a + sizes.c + sizes.y + gates.size * sizes.gate
    if (values > maxValues) throw new LstmError('LSTM_ERR_JOB_TOO_LARGE', [values, maxValues])
    reserve?.(values)

    this.#kernel = kernel
    this.m = m
    this.T_x = T_x
    const lengthOf = (column: number): number => lengths?.[column] ?? T_x
    this.#columnOfRow = Int32Array.from({ length: m }, (_, column) => column)
    if (lengths !== undefined) this.#columnOfRow.sort((j, k) => lengths[k] - lengths[j] || j - k)
    this.#sorted = this.#columnOfRow.every((column, row) => column === row)
    this.#lengthOfRow = this.#columnOfRow.map(lengthOf)

    const rounded = (length: number): number => Math.ceil(length / LINE_FLOATS) * LINE_FLOATS
    const total = [sizes.x, sizes.a, sizes.c, sizes.y].reduce((sum, length) => sum + rounded(length), 0)
    this.#memory = kernel.allocate(total + gates.size * rounded(sizes.gate) + LINE_FLOATS)
    let offset = 0
    const take = (length: number): Float32Array => {
      const piece = this.#memory.subarray(offset, offset + length)
      offset += rounded(length)
      return piece
    }
    const gateOutputs: { -readonly [K in keyof GateOutputs]: GateOutputs[K] } = {}
    for (const gate of gates) gateOutputs[gate] = take(sizes.gate)
    this.whole = {
      set,
      run: {
        m,
        T_x: this.#lengthOfRow[0], // nothing runs past the longest column
        x: take(sizes.x),
        a: take(sizes.a),
        c: take(sizes.c),
        gates: gateOutputs,
        activeRows: activeRows(this.#lengthOfRow, T_x),
        t: 0
      },
      predict,
      y: predict === 'none' ? undefined : take(sizes.y),
      stop: take(1).fill(0)
    }
  }

  setInput(source: RowSource): void {
    this.#copyIn(source, this.whole.run.x, this.T_x, this.whole.set.n_x)
  }

  /** Zeros when there is none. */
  setHiddenState(source: RowSource | undefined): void {
    this.#setState(source, this.whole.run.a)
  }

  /** Zeros when there is none. */
  setCellState(source: RowSource | undefined): void {
    this.#setState(source, this.whole.run.c)
  }

  #setState(source: RowSource | undefined, rows: Float32Array): void {
    const { n_a } = this.whole.set
    if (source === undefined) rows.fill(0, 0, this.m * n_a)
    else this.#copyIn(source, rows, 1, n_a)
  }

  #copyIn({ data, strides }: RowSource, rows: Float32Array, T: number, n: number): void {
    const { m } = this
    const inOrder = strides.n === 1 && (m === 1 || strides.m === n) && (T === 1 || strides.T_x === m * n)
    if (this.#sorted && inOrder) {
      rows.set(data)
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

  /** Blocks `first` … `first + T_x - 1` of `rows` in the order of the columns, 0 past each column's end. */
  allSteps(rows: Float32Array, first: number, n: number): { data: Float32Array; block: number } {
    const { m, T_x } = this
    const { activeRows } = this.whole.run
    if (activeRows[T_x - 1] === m) return { data: rows, block: first }
    const data = new Float32Array(T_x * m * n)
    for (let t = 0; t < T_x; t++) {
      for (let row = 0; row < activeRows[t]; row++) {
        const source = ((first + t) * m + row) * n
        data.set(rows.subarray(source, source + n), (t * m + this.#columnOfRow[row]) * n)
      }
    }
    return { data, block: 0 }
  }

  /** The row of each column's last real step, where `shift` is the block of step 0: (m, n). */
  lastSteps(rows: Float32Array, shift: number, n: number): Float32Array {
    return this.#inOrder(n, (row) => (shift + this.#lengthOfRow[row] - 1) * this.m + row, rows)
  }

  /** The predictions of the last steps: (m, n_y). Needs predict: 'last'. */
  lastPredictions(): Float32Array {
    return this.#inOrder(this.whole.set.n_y, (row) => row, this.whole.y!)
  }

  #inOrder(n: number, rowIndex: (row: number) => number, rows: Float32Array): Float32Array {
    const data = new Float32Array(this.m * n)
    for (let row = 0; row < this.m; row++) {
      const source = rowIndex(row) * n
      data.set(rows.subarray(source, source + n), this.#columnOfRow[row] * n)
    }
    return data
  }

  /** Gives the memory back; the job is over. */
  release(): void {
    this.#kernel.release(this.#memory)
  }
}

/** How many rows are longer than t, for each t; `lengths` never grows. */
function activeRows(lengths: Int32Array, T_x: number): Int32Array {
  const active = new Int32Array(T_x)
  let rows = lengths.length
  for (let t = 0; t < T_x; t++) {
    while (rows > 0 && lengths[rows - 1] <= t) rows--
    active[t] = rows
  }
  return active
}
