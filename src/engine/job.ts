import type { RowStrides } from '../codec/layout.ts'
import { LstmError } from '../errors.ts'
import type { GateOutputs, Kernel, LayerRun } from '../kernels/kernel.ts'
import type { ParameterSet } from '../parameters/parameter-set.ts'

export const gateNames = ['ft', 'it', 'cct', 'ot'] as const
export type GateName = (typeof gateNames)[number]

export interface JobDescription {
  readonly set: ParameterSet
  readonly m: number
  readonly T_x: number
  /** Real steps of each column, 1 to T_x; all of them when left out. */
  readonly lengths?: readonly number[] | undefined
  readonly gates: ReadonlySet<GateName>
  /** Which predictions are wanted: of every step, of each column's last one, or none. */
  readonly predict: 'all' | 'last' | 'none'
  /** Most float32 values that the job may hold. */
  readonly maxValues: number
}

/** Rows that came or go: where the elements lie in somebody's tensor. */
export interface RowSource {
  readonly data: Float32Array
  readonly strides: RowStrides
}

/**
 * One request's computation: m columns over T_x steps with one parameter set. Inside, the columns are sorted by
 * length, the longest first, so that the rows still running are always the first ones; results come out in the
 * order in which the columns came in.
 */
export class Job {
  readonly set: ParameterSet
  readonly m: number
  readonly T_x: number
  readonly run: LayerRun
  /** (T_x, m, n_y) when predictions of every step are wanted, (m, n_y) for the last ones. */
  readonly y: Float32Array | undefined
  readonly #kernel: Kernel
  readonly #predict: JobDescription['predict']
  readonly #allocated: Float32Array[] = []
  /** Which column lies in each row of a block. (m) */
  readonly #columnOfRow: Int32Array
  readonly #sorted: boolean
  /** Real steps of the column in each row. (m) */
  readonly #lengthOfRow: Int32Array

  /** @throws LSTM_ERR_JOB_TOO_LARGE */
  constructor(kernel: Kernel, description: JobDescription) {
    const { set, m, T_x, gates, predict, maxValues } = description
    const { n_x, n_a, n_y } = set
    const states = 2 * (T_x + 1) * m * n_a
    const outputs = gates.size * T_x * m * n_a + (predict === 'none' ? 0 : (predict === 'all' ? T_x : 1) * m * n_y)
    const values = T_x * m * n_x + states + outputs
    if (values > maxValues) throw new LstmError('LSTM_ERR_JOB_TOO_LARGE', [values, maxValues])

    this.#kernel = kernel
    this.#predict = predict
    this.set = set
    this.m = m
    this.T_x = T_x
    const lengths = description.lengths ?? new Array<number>(m).fill(T_x)
    this.#columnOfRow = Int32Array.from(lengths.keys()).sort((j, k) => lengths[k] - lengths[j] || j - k)
    this.#sorted = this.#columnOfRow.every((column, row) => column === row)
    this.#lengthOfRow = this.#columnOfRow.map((column) => lengths[column])
    const gateOutputs: { -readonly [K in keyof GateOutputs]: GateOutputs[K] } = {}
    for (const gate of gates) gateOutputs[gate] = this.#allocate(T_x * m * n_a)
    this.run = {
      m,
      T_x: this.#lengthOfRow[0], // nothing runs past the longest column
      x: this.#allocate(T_x * m * n_x),
      a: this.#allocate((T_x + 1) * m * n_a),
      c: this.#allocate((T_x + 1) * m * n_a),
      gates: gateOutputs,
      activeRows: activeRows(this.#lengthOfRow, T_x),
      t: 0
    }
    this.y = predict === 'none' ? undefined : this.#allocate((predict === 'all' ? T_x : 1) * m * n_y)
  }

  #allocate(length: number): Float32Array {
    try {
      const memory = this.#kernel.allocate(length)
      this.#allocated.push(memory)
      return memory
    } catch (error) {
      this.release()
      throw error
    }
  }

  setInput(source: RowSource): void {
    this.#copyIn(source, this.run.x, this.T_x, this.set.n_x)
  }

  setHiddenState(source: RowSource): void {
    this.#copyIn(source, this.run.a, 1, this.set.n_a)
  }

  setCellState(source: RowSource): void {
    this.#copyIn(source, this.run.c, 1, this.set.n_a)
  }

  #copyIn({ data, strides }: RowSource, rows: Float32Array, T: number, n: number): void {
    const { m } = this
    if (this.#sorted && strides.n === 1 && strides.m === n && (T === 1 || strides.T_x === m * n)) {
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

  get finished(): boolean {
    return this.run.t === this.run.T_x
  }

  /** The predictions of the steps since `from`; called once after each advance. */
  predictSteps(from: number): void {
    const { t, activeRows } = this.run
    if (this.#predict === 'all') {
      // steps on which every row is active lie behind each other and go as one
      let step = from
      while (step < t && activeRows[step] === this.m) step++
      this.#predictRows(from * this.m, (step - from) * this.m)
      for (; step < t; step++) this.#predictRows(step * this.m, activeRows[step])
    } else if (this.#predict === 'last') {
      for (let step = from; step < t; step++) this.#predictEnded(step)
    }
  }

  #predictRows(first: number, rows: number): void {
    if (rows > 0) this.#kernel.predict(this.set.head, this.run.a, first + this.m, this.y!, first, rows)
  }

  /** The rows whose last real step this is stand at the end of those that are active. */
  #predictEnded(step: number): void {
    const { a, activeRows, T_x } = this.run
    const still = step + 1 < T_x ? activeRows[step + 1] : 0
    const ended = activeRows[step] - still
    if (ended > 0) this.#kernel.predict(this.set.head, a, (step + 1) * this.m + still, this.y!, still, ended)
  }

  /** Blocks `first` … `first + T_x - 1` of `rows` in the order of the columns, 0 past each column's end. */
  allSteps(rows: Float32Array, first: number, n: number): { data: Float32Array; block: number } {
    const { m, T_x } = this
    if (this.run.activeRows[T_x - 1] === m) return { data: rows, block: first }
    const data = new Float32Array(T_x * m * n)
    for (let t = 0; t < T_x; t++) {
      for (let row = 0; row < this.run.activeRows[t]; row++) {
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
    return this.#inOrder(this.set.n_y, (row) => row, this.y!)
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
    for (const memory of this.#allocated.splice(0)) this.#kernel.release(memory)
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
