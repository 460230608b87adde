/**
 * The WASM kernel: 128-bit SIMD, from a plain `npm ci`, on every machine.
 *
 * Against the reference: float32 in place of float64; Wx·x + b taken out of the recurrence, as one product over a
 * block of steps; weights in panels that hold the four gates of 4 units side by side; σ, tanh and softmax from
 * polynomials. Takes every shape: n_x, n_a, n_y, m and T_x from 1, any number of runs in a call.
 *
 * Measured on one core (Zen 3, 50 GFLOP/s at most with 128-bit FMA), GFLOP/s for (n_x = n_a, m): Node 20, which has no
 * FMA, 27 at (128, 1), 25 at (512, 1), 29 at (128, 8), 30 at (512, 32); Node 24 to 35 and 37 in quiet moments. That is
 * 0.8 to 0.9 of onnxruntime-node's speed at m = 1 from n_a 128 on, 0.35 to 0.55 at m ≥ 8 (it has 256-bit vectors),
 * and 2 to 8 times its speed up to n_a 32. `npm run bench -- --only kernels` measures it anew.
 *
 * One instance a thread, all over the one shared memory. Its scratch is taken once and bounded: more rows than fit
 * are done in turns, which changes no bit, as no row depends on another.
 */
import type { HeadWeights, Kernel, LayerRun, LayerWeights, PackedHead, PackedLayer } from '../kernel.ts'
import { createSharedMemory, SharedHeap } from './memory.ts'
import { availableBuilds, instantiate, type WasmBuild, type WasmExports } from './module.ts'
import { headLength, layerLength, packHeadInto, packLayerInto, unpackHeadFrom, unpackLayerFrom } from './packing.ts'

const RUN_WORDS = 9
const MAX_RUNS = 256 // in one call into WASM
const ACTIVE_WORDS = 16384

export interface WasmKernelOptions {
  /** From `createSharedMemory`, the same in all threads; without it the kernel makes its own. */
  readonly memory?: WebAssembly.Memory
  /** Number of this thread, from 1, for its memory to be taken back when it dies. */
  readonly owner?: number
  /** Without it: the best that this engine takes. */
  readonly build?: WasmBuild
  /** Room for pre-activations: 16 bytes for each unit, row and step of a block. */
  readonly scratchBytes?: number
}

const positive = (value: number): boolean => Number.isInteger(value) && value > 0

const expectLength = (name: string, array: { readonly length: number }, length: number, shape: string): void => {
  if (array.length < length) throw new RangeError(`${name} holds ${array.length} values; expected ${shape} = ${length}`)
}

export class WasmKernel implements Kernel {
  readonly name = 'wasm'
  readonly build: WasmBuild
  readonly memory: WebAssembly.Memory
  readonly #heap: SharedHeap
  readonly #wasm: WasmExports
  readonly #scratch: Float32Array
  readonly #table: Uint32Array // runs (MAX_RUNS, RUN_WORDS), then active rows (ACTIVE_WORDS)
  readonly #rowTable: number // address
  readonly #z: number // address
  readonly #zBytes: number
  readonly #checkedRuns = new WeakMap<LayerRun, PackedLayer>()
  readonly #checkedPacked = new WeakSet<PackedLayer | PackedHead>()
  // The runs of the call into WASM that is being made up, the first row of each and how many.
  readonly #group: LayerRun[] = []
  readonly #firstRow = new Int32Array(MAX_RUNS)
  readonly #rows = new Int32Array(MAX_RUNS)

  constructor({ memory = createSharedMemory(), owner = 0, build, scratchBytes = 2 ** 21 }: WasmKernelOptions = {}) {
    const chosen = build ?? availableBuilds()[0]
    if (chosen === undefined) throw new Error('this engine has no WebAssembly SIMD')
    if (!positive(scratchBytes / 64)) throw new RangeError(`scratchBytes is ${scratchBytes}; expected a multiple of 64`)
    this.build = chosen
    this.memory = memory
    this.#heap = new SharedHeap(memory, owner)
    this.#wasm = instantiate(chosen, memory)
    this.#zBytes = scratchBytes
    const tableWords = MAX_RUNS * RUN_WORDS + ACTIVE_WORDS
    const rowWords = scratchBytes / 64 // the most rows that z can hold
    this.#scratch = this.#heap.allocate(tableWords + rowWords + scratchBytes / 4)
    const { buffer, byteOffset } = this.#scratch
    this.#table = new Uint32Array(buffer, byteOffset, tableWords)
    this.#z = byteOffset + tableWords * 4
    this.#rowTable = this.#z + scratchBytes
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

  packLayer(weights: LayerWeights): PackedLayer {
    const { n_x, n_a } = weights
    if (!positive(n_x) || !positive(n_a))
      throw new RangeError(`n_x, n_a are ${n_x}, ${n_a}; expected whole numbers from 1`)
    for (const name of ['Wf', 'Wi', 'Wc', 'Wo'] as const) {
      expectLength(name, weights[name], n_a * (n_a + n_x), '(n_a, n_a + n_x)')
    }
    for (const name of ['bf', 'bi', 'bc', 'bo'] as const) expectLength(name, weights[name], n_a, '(n_a, 1)')
    this.#rowsOfScratch(Math.ceil(n_a / 4) * 64)
    const memory = this.#heap.allocate(layerLength(n_x, n_a))
    packLayerInto(memory, weights)
    return { n_x, n_a, memory }
  }

  packHead(weights: HeadWeights): PackedHead {
    const { n_a, n_y } = weights
    if (!positive(n_a) || !positive(n_y))
      throw new RangeError(`n_a, n_y are ${n_a}, ${n_y}; expected whole numbers from 1`)
    expectLength('Wy', weights.Wy, n_y * n_a, '(n_y, n_a)')
    expectLength('by', weights.by, n_y, '(n_y, 1)')
    this.#rowsOfScratch(Math.ceil(n_y / 16) * 64)
    const memory = this.#heap.allocate(headLength(n_a, n_y))
    packHeadInto(memory, weights)
    return { n_a, n_y, memory }
  }

  unpackLayer(layer: PackedLayer): LayerWeights {
    this.#checkPacked(layer, layer.n_x, layerLength(layer.n_x, layer.n_a))
    return unpackLayerFrom(layer.memory, layer.n_x, layer.n_a)
  }

  unpackHead(head: PackedHead): HeadWeights {
    this.#checkPacked(head, head.n_y, headLength(head.n_a, head.n_y))
    return unpackHeadFrom(head.memory, head.n_a, head.n_y)
  }

  advance(layer: PackedLayer, runs: readonly LayerRun[], steps: number): void {
    this.#checkPacked(layer, layer.n_x, layerLength(layer.n_x, layer.n_a))
    if (!positive(steps)) throw new RangeError(`steps is ${steps}; expected a whole number from 1`)
    for (const run of runs) this.#checkRun(layer, run, steps)
    const capacity = this.#rowsOfScratch(Math.ceil(layer.n_a / 4) * 64)

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
      this.#wasm.advance(
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

  /** The record of assembly/index.ts's Run, and the run's active rows of each step. */
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
    const { n_a, n_y } = head
    this.#checkPacked(head, n_y, headLength(n_a, n_y))
    for (const number of [aRow, yRow, rows]) {
      if (!Number.isInteger(number) || number < 0) throw new RangeError(`${number} is not a row or a number of rows`)
    }
    this.#heap.check(a)
    this.#heap.check(y)
    expectLength('a', a, (aRow + rows) * n_a, '(aRow + rows, n_a)')
    expectLength('y', y, (yRow + rows) * n_y, '(yRow + rows, n_y)')
    const capacity = this.#rowsOfScratch(Math.ceil(n_y / 16) * 64)
    for (let done = 0; done < rows; done += capacity) {
      this.#wasm.predict(
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

  #rowsOfScratch(rowBytes: number): number {
    const rows = Math.floor(this.#zBytes / rowBytes)
    if (rows === 0) throw new RangeError(`one row needs ${rowBytes} bytes of scratch; there are ${this.#zBytes}`)
    return rows
  }

  #checkPacked(packed: PackedLayer | PackedHead, inputs: number, length: number): void {
    if (this.#checkedPacked.has(packed)) return
    if (!positive(packed.n_a) || !positive(inputs)) throw new RangeError('packed weights with an empty axis')
    this.#heap.check(packed.memory)
    expectLength('packed weights', packed.memory, length, 'their shapes')
    this.#checkedPacked.add(packed)
  }

  #checkRun(layer: PackedLayer, run: LayerRun, steps: number): void {
    const { t, T_x, m, activeRows } = run
    if (!Number.isInteger(t) || t < 0 || t + steps > T_x) {
      throw new RangeError(`a run at step ${t} of ${T_x} cannot move ${steps} steps`)
    }
    let before = Math.min(m, activeRows[0])
    for (let s = t; s < t + steps; s++) {
      const rows = activeRows[s]
      if (!(rows >= 0 && rows <= before)) {
        throw new RangeError(`${rows} rows are active at step ${s}; expected 0 to ${before}, never growing`)
      }
      before = rows
    }
    if (this.#checkedRuns.get(run) === layer) return
    // The arrays of a run never change, so that they are looked at once.
    const { n_x, n_a } = layer
    if (!positive(m) || !positive(T_x)) throw new RangeError(`m, T_x are ${m}, ${T_x}; expected whole numbers from 1`)
    expectLength('activeRows', activeRows, T_x, '(T_x)')
    // A run of some of the rows begins at the first of them: behind its own rows of the last step nothing is touched.
    const rows = (T_x - 1) * m + activeRows[0]
    this.#heap.check(run.x)
    expectLength('x', run.x, rows * n_x, '(T_x, m, n_x)')
    for (const name of ['a', 'c'] as const) {
      this.#heap.check(run[name])
      expectLength(name, run[name], (m + rows) * n_a, '(T_x + 1, m, n_a)')
    }
    for (const name of ['ft', 'it', 'cct', 'ot'] as const) {
      const gate = run.gates[name]
      if (gate === undefined) continue
      this.#heap.check(gate)
      expectLength(name, gate, rows * n_a, '(T_x, m, n_a)')
    }
    this.#checkedRuns.set(run, layer)
  }
}
