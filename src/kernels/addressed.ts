/**
 * What kernels have in common whose code takes addresses in the one shared memory: taking and packing arrays, every
 * check, the division of the runs into calls, and the table that a call reads. The code itself is a `Machine`.
 *
 * One instance a thread, all over the same memory. Its scratch is taken once and bounded: more rows than fit are done
 * in turns, which changes no bit, as no row depends on another.
 */
import { headActivations } from '../lstm/model.ts'
import { CREW_PLACES, CREW_WORDS, type CrewTurn } from './crew.ts'
import {
  gateNames,
  type HeadWeights,
  type Kernel,
  type KernelName,
  type LayerRun,
  type LayerWeights,
  type PackedHead,
  type PackedLayer
} from './kernel.ts'
import type { Machine } from './machine.ts'
import { SharedHeap } from './memory.ts'
import {
  headLength,
  headRow,
  layerLength,
  layerRow,
  packHeadInto,
  packLayerInto,
  unpackHeadFrom,
  unpackLayerFrom
} from './packing.ts'
import { type Precision, precisions, roundRecurrent } from './precision.ts'
import {
  advanceReferenceLayer,
  optionsOfLayer,
  packReferenceLayer,
  referenceLengths,
  unpackReferenceLayer
} from './reference-layer.ts'

const RUN_WORDS = 9
const MAX_RUNS = 256 // in one call
const ACTIVE_WORDS = 16384

const uint32 = (value: number): boolean => value >>> 0 === value
const positive = (value: number): boolean => Number.isInteger(value) && value > 0

const expectLength = (name: string, array: { readonly length: number }, length: number, shape: string): void => {
  if (array.length < length) throw new RangeError(`${name} holds ${array.length} values; expected ${shape} = ${length}`)
}

export class AddressedKernel implements Kernel {
  readonly name: KernelName
  readonly memory: WebAssembly.Memory
  readonly #heap: SharedHeap
  readonly #machine: Machine
  readonly #lanes: number
  readonly #scratch: Float32Array
  readonly #table: Uint32Array // runs (MAX_RUNS, RUN_WORDS), then active rows (ACTIVE_WORDS)
  readonly #rowTable: number // address
  readonly #z: number // address
  readonly #zBytes: number
  readonly #checkedPacked = new WeakSet<PackedLayer | PackedHead>()
  // The runs of the call that is being made up, the first row of each and how many.
  readonly #group: LayerRun[] = []
  readonly #firstRow = new Int32Array(MAX_RUNS)
  readonly #rows = new Int32Array(MAX_RUNS)
  /** See Kernel; only where the machine can. */
  readonly advanceShare?: NonNullable<Kernel['advanceShare']>

  /**
   * @param scratchBytes room for pre-activations: 16 bytes for each unit, row and step of a block
   * @param owner number of this thread for the memory
   */
  constructor(name: KernelName, memory: WebAssembly.Memory, machine: Machine, scratchBytes: number, owner: number) {
    if (!positive(scratchBytes / 64)) throw new RangeError(`scratchBytes is ${scratchBytes}; expected a multiple of 64`)
    this.name = name
    this.memory = memory
    this.#heap = new SharedHeap(memory, owner)
    this.#machine = machine
    this.#lanes = machine.lanes
    this.#zBytes = scratchBytes
    const tableWords = MAX_RUNS * RUN_WORDS + ACTIVE_WORDS
    const rowWords = Math.ceil(scratchBytes / (16 * machine.lanes)) // the most rows that z can hold
    this.#scratch = this.#heap.allocate(tableWords + rowWords + scratchBytes / 4)
    const { buffer, byteOffset } = this.#scratch
    this.#table = new Uint32Array(buffer, byteOffset, tableWords)
    this.#z = byteOffset + tableWords * 4
    this.#rowTable = this.#z + scratchBytes
    const advanceShare = machine.advanceShare?.bind(machine)
    if (advanceShare) this.advanceShare = (...call) => this.#advanceShare(advanceShare, ...call)
  }

  allocate(length: number): Float32Array {
    return this.#heap.allocate(length)
  }

  release(memory: Float32Array): void {
    this.#heap.release(memory)
  }

  close(): void {
    this.#heap.release(this.#scratch)
  }

  packLayer(weights: LayerWeights, asked: Precision = 'float32', pause?: () => void): PackedLayer {
    const { n_x, n_a, n_h } = weights
    if (!positive(n_x) || !positive(n_a) || !positive(n_h))
      throw new RangeError(`n_x, n_a, n_h are ${n_x}, ${n_a}, ${n_h}; expected whole numbers from 1`)
    for (const name of ['Wf', 'Wi', 'Wc', 'Wo'] as const) {
      expectLength(name, weights[name], n_a * (n_h + n_x), '(n_a, n_h + n_x)')
    }
    for (const name of ['bf', 'bi', 'bc', 'bo'] as const) expectLength(name, weights[name], n_a, '(n_a, 1)')
    if (optionsOfLayer(weights) !== undefined) {
      return packReferenceLayer(weights, asked, (length) => this.#heap.allocate(length))
    }
    if (n_h !== n_a) throw new RangeError(`n_h is ${n_h} without a projection; expected n_a = ${n_a}`)
    this.#rowsOfScratch(layerRow(n_a, this.#lanes))
    const native = this.#machine.precisions.includes(asked)
    const precision = native ? asked : 'float32'
    const stored = native ? weights : roundRecurrent(weights, asked)
    const memory = this.#heap.allocate(layerLength(n_x, n_a, this.#lanes, precision))
    packLayerInto(memory, stored, this.#lanes, precision, pause)
    return { n_x, n_a, n_h, kernel: this.name, precision, memory }
  }

  packHead(weights: HeadWeights): PackedHead {
    const { n_a, n_y, activation } = weights
    if (!positive(n_a) || !positive(n_y))
      throw new RangeError(`n_a, n_y are ${n_a}, ${n_y}; expected whole numbers from 1`)
    expectLength('Wy', weights.Wy, n_y * n_a, '(n_y, n_a)')
    expectLength('by', weights.by, n_y, '(n_y, 1)')
    this.#rowsOfScratch(headRow(n_y, this.#lanes))
    const memory = this.#heap.allocate(headLength(n_a, n_y, this.#lanes))
    packHeadInto(memory, weights, this.#lanes)
    return { n_a, n_y, activation, memory }
  }

  unpackLayer(layer: PackedLayer): LayerWeights {
    this.#checkLayer(layer)
    return layer.kernel === 'reference' ? unpackReferenceLayer(layer) : unpackLayerFrom(layer, this.#lanes)
  }

  unpackHead(head: PackedHead): HeadWeights {
    this.#checkPacked(head, head.n_y, headLength(head.n_a, head.n_y, this.#lanes))
    return unpackHeadFrom(head, this.#lanes)
  }

  advance(layer: PackedLayer, runs: readonly LayerRun[], steps: number): void {
    this.#checkLayer(layer)
    if (!positive(steps)) throw new RangeError(`steps is ${steps}; expected a whole number from 1`)
    for (const run of runs) this.#checkRun(layer, run, steps)
    if (layer.kernel === 'reference') {
      advanceReferenceLayer(layer, runs, steps)
      return
    }
    const capacity = this.#rowsOfScratch(layerRow(layer.n_a, this.#lanes))

    let index = 0
    let row = 0
    while (index < runs.length) {
      let rows = 0
      this.#group.length = 0
      while (index < runs.length && rows < capacity && this.#group.length < MAX_RUNS) {
        const run = runs[index]
        const active = run.activeRows[run.t]
        const taken = Math.min(active - row, capacity - rows)
        if (taken > 0) {
          this.#firstRow[this.#group.length] = row
          this.#rows[this.#group.length] = taken
          this.#group.push(run)
          rows += taken
          row += taken
        }
        if (row >= active) {
          index++
          row = 0
        }
      }
      if (rows > 0) this.#advanceGroup(layer, steps, Math.floor(capacity / rows))
    }
    this.#group.length = 0
    for (const run of runs) run.t += steps
  }

  #advanceGroup(layer: PackedLayer, steps: number, stepsInScratch: number): void {
    const count = this.#group.length
    const most = Math.min(stepsInScratch, Math.floor(ACTIVE_WORDS / count))
    for (let done = 0; done < steps; done += most) {
      const block = Math.min(most, steps - done)
      for (let i = 0; i < count; i++) this.#writeRun(layer, i, done, block)
      this.#machine.advance(
        precisions.indexOf(layer.precision),
        layer.n_x,
        layer.n_a,
        layer.memory.byteOffset,
        this.#table.byteOffset,
        count,
        block,
        this.#rowTable,
        this.#z
      )
    }
  }

  #advanceShare(
    advanceShare: NonNullable<Machine['advanceShare']>,
    layer: PackedLayer,
    run: LayerRun,
    steps: number,
    { words, turn, place, members, patienceUs }: CrewTurn
  ): number {
    this.#checkLayer(layer)
    if (layer.kernel !== this.name) throw new RangeError('a layer of the reference has no shares')
    if (!positive(steps)) throw new RangeError(`steps is ${steps}; expected a whole number from 1`)
    this.#checkRun(layer, run, steps)
    this.#heap.check(words)
    expectLength('words', words, CREW_WORDS, 'those of a crew')
    if (!uint32(turn) || !uint32(patienceUs)) throw new RangeError(`turn ${turn}, patience ${patienceUs}: not uint32`)
    const known = members > 0 && members < 1 << CREW_PLACES && uint32(place) && place < CREW_PLACES
    if (!known || ((members >> place) & 1) === 0) {
      throw new RangeError(`place ${place} of the members ${members}; expected one of them, and ${CREW_PLACES} at most`)
    }
    const rows = run.activeRows[run.t]
    const capacity = this.#rowsOfScratch(layerRow(layer.n_a, this.#lanes))
    if (rows > capacity) throw new RangeError(`${rows} rows of a share; the scratch holds ${capacity}`)
    const block = Math.min(steps, ACTIVE_WORDS, Math.floor(capacity / Math.max(1, rows)))
    this.#group[0] = run
    this.#firstRow[0] = 0
    this.#rows[0] = rows
    this.#writeRun(layer, 0, 0, block)
    this.#group.length = 0
    const made = advanceShare(
      precisions.indexOf(layer.precision),
      layer.n_x,
      layer.n_a,
      layer.memory.byteOffset,
      this.#table.byteOffset,
      block,
      this.#rowTable,
      this.#z,
      words.byteOffset,
      turn,
      place,
      members,
      patienceUs
    )
    run.t += made
    return made
  }

  /** The record that the machine's code knows as Run, and the run's active rows of each step. */
  #writeRun({ n_x, n_a }: PackedLayer, i: number, done: number, block: number): void {
    const table = this.#table
    const run = this.#group[i]
    const { m, gates } = run
    const firstRow = this.#firstRow[i]
    const rows = this.#rows[i]
    const t = run.t + done
    const firstX = (t * m + firstRow) * n_x * 4
    const firstA = (t * m + firstRow) * n_a * 4
    const active = MAX_RUNS * RUN_WORDS + i * block
    let at = i * RUN_WORDS
    table[at++] = m
    table[at++] = table.byteOffset + active * 4
    table[at++] = run.x.byteOffset + firstX
    table[at++] = run.a.byteOffset + firstA
    table[at++] = run.c.byteOffset + firstA
    table[at++] = gates.ft === undefined ? 0 : gates.ft.byteOffset + firstA
    table[at++] = gates.it === undefined ? 0 : gates.it.byteOffset + firstA
    table[at++] = gates.cct === undefined ? 0 : gates.cct.byteOffset + firstA
    table[at++] = gates.ot === undefined ? 0 : gates.ot.byteOffset + firstA
    for (let s = 0; s < block; s++) {
      table[active + s] = Math.min(rows, Math.max(0, run.activeRows[t + s] - firstRow))
    }
  }

  predict(head: PackedHead, a: Float32Array, aRow: number, y: Float32Array, yRow: number, rows: number): void {
    const { n_a, n_y, activation } = head
    this.#checkPacked(head, n_y, headLength(n_a, n_y, this.#lanes))
    for (const number of [aRow, yRow, rows]) {
      if (!Number.isInteger(number) || number < 0) throw new RangeError(`${number} is not a row or a number of rows`)
    }
    this.#heap.check(a)
    this.#heap.check(y)
    expectLength('a', a, (aRow + rows) * n_a, '(aRow + rows, n_a)')
    expectLength('y', y, (yRow + rows) * n_y, '(yRow + rows, n_y)')
    const capacity = this.#rowsOfScratch(headRow(n_y, this.#lanes))
    for (let done = 0; done < rows; done += capacity) {
      this.#machine.predict(
        headActivations.indexOf(activation),
        n_a,
        n_y,
        head.memory.byteOffset,
        a.byteOffset + (aRow + done) * n_a * 4,
        y.byteOffset + (yRow + done) * n_y * 4,
        Math.min(capacity, rows - done),
        this.#rowTable,
        this.#z
      )
    }
  }

  #rowsOfScratch(rowFloats: number): number {
    const rowBytes = rowFloats * 4
    const rows = Math.floor(this.#zBytes / rowBytes)
    if (rows === 0) throw new RangeError(`one row needs ${rowBytes} bytes of scratch; there are ${this.#zBytes}`)
    return rows
  }

  #checkLayer(layer: PackedLayer): void {
    const { n_x, n_a, precision } = layer
    if (layer.kernel === 'reference') {
      const length = referenceLengths(layer).reduce((sum, each) => sum + each, 0)
      this.#checkPacked(layer, n_x, length)
      return
    }
    if (layer.kernel !== this.name) throw new RangeError(`weights packed by ${layer.kernel}; expected ${this.name}`)
    if (!this.#machine.precisions.includes(precision)) throw new RangeError(`no weights of ${precision} here`)
    this.#checkPacked(layer, n_x, layerLength(n_x, n_a, this.#lanes, precision))
  }

  #checkPacked(packed: PackedLayer | PackedHead, inputs: number, length: number): void {
    if (this.#checkedPacked.has(packed)) return
    if (!positive(packed.n_a) || !positive(inputs)) throw new RangeError('packed weights with an empty axis')
    this.#heap.check(packed.memory)
    expectLength('packed weights', packed.memory, length, 'their shapes')
    this.#checkedPacked.add(packed)
  }

  #expectArray(name: string, array: Float32Array, length: number, shape: string): void {
    this.#heap.check(array)
    expectLength(name, array, length, shape)
  }

  #checkRun(layer: PackedLayer, run: LayerRun, steps: number): void {
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
