import { activateHead } from '../lstm/activations.ts'
import { lstmCellForward } from '../lstm/cell.ts'
import { addColumn, dot, type Matrix, matrix, zeros } from '../lstm/matrix.ts'
import type { Parameters } from '../lstm/parameters.ts'
import type { HeadWeights, Kernel, LayerRun, LayerWeights, PackedHead, PackedLayer } from './kernel.ts'
import { roundRecurrent } from './precision.ts'

/**
 * The reference kernel: every step is src/lstm's own, in float64, on float32 weights, and states are rounded to
 * float32 where a step ends, as every kernel does. The oracle of the tests and the last resort where no faster
 * kernel runs; it packs nothing, the arrays lie one behind the other as they came.
 */
export function createReferenceKernel(): Kernel {
  return {
    name: 'reference',
    allocate,
    release: () => {}, // the garbage collector has it
    packLayer(weights, precision = 'float32') {
      const { n_x, n_a, Wf, bf, Wi, bi, Wc, bc, Wo, bo } = roundRecurrent(weights, precision)
      return { n_x, n_a, precision: 'float32', memory: concatenate([Wf, bf, Wi, bi, Wc, bc, Wo, bo]) }
    },
    packHead: ({ n_a, n_y, Wy, by, activation }) => ({ n_a, n_y, activation, memory: concatenate([Wy, by]) }),
    unpackLayer,
    unpackHead,
    advance(layer, runs, steps) {
      const parameters = layerParameters(layer)
      for (const run of runs) {
        for (const end = run.t + steps; run.t < end; ) stepRun(layer, parameters, run)
      }
    },
    predict(head, a, aRow, y, yRow, rows) {
      const { Wy, by } = headParameters(head)
      const yt_pred = activateHead(head.activation, addColumn(dot(Wy, fromRows(a, aRow, rows, head.n_a)), by))
      toRows(yt_pred, y, yRow)
    },
    close: () => {} // there is no scratch
  }
}

function allocate(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT))
}

function concatenate(arrays: readonly Float32Array[]): Float32Array {
  const memory = allocate(arrays.reduce((length, array) => length + array.length, 0))
  let offset = 0
  for (const array of arrays) {
    memory.set(array, offset)
    offset += array.length
  }
  return memory
}

/** Consecutive pieces of `memory` of the given lengths, copied out of shared memory. */
function split(memory: Float32Array, lengths: readonly number[]): Float32Array[] {
  let offset = 0
  return lengths.map((length) => {
    const piece = Float32Array.from(memory.subarray(offset, offset + length))
    offset += length
    return piece
  })
}

function unpackLayer({ n_x, n_a, memory }: PackedLayer): LayerWeights {
  const gate = [n_a * (n_a + n_x), n_a]
  const [Wf, bf, Wi, bi, Wc, bc, Wo, bo] = split(memory, [gate, gate, gate, gate].flat())
  return { n_x, n_a, Wf, bf, Wi, bi, Wc, bc, Wo, bo }
}

function unpackHead({ n_a, n_y, activation, memory }: PackedHead): HeadWeights {
  const [Wy, by] = split(memory, [n_y * n_a, n_y])
  return { n_a, n_y, Wy, by, activation }
}

/** One time step of one run: its active rows become the columns of the notation and come back as rows. */
function stepRun({ n_x, n_a }: PackedLayer, parameters: Parameters, run: LayerRun): void {
  const { m, t, x, a, c, gates } = run
  run.t = t + 1
  const rows = run.activeRows[t]
  if (rows === 0) return
  const { a_next, c_next, cache } = lstmCellForward(
    fromRows(x, t * m, rows, n_x),
    fromRows(a, t * m, rows, n_a),
    fromRows(c, t * m, rows, n_a),
    parameters
  )
  toRows(a_next, a, (t + 1) * m)
  toRows(c_next, c, (t + 1) * m)
  for (const gate of ['ft', 'it', 'cct', 'ot'] as const) {
    const output = gates[gate]
    if (output !== undefined) toRows(cache[gate], output, t * m)
  }
}

/** `rows` rows of n values from row `first` on, as the (n, rows) matrix of the notation. */
function fromRows(memory: Float32Array, first: number, rows: number, n: number): Matrix {
  const result = zeros(n, rows)
  for (let j = 0; j < rows; j++) {
    for (let i = 0; i < n; i++) result.data[i * rows + j] = memory[(first + j) * n + i]
  }
  return result
}

/** The way back, rounding to float32. */
function toRows({ rows: n, columns, data }: Matrix, memory: Float32Array, first: number): void {
  for (let j = 0; j < columns; j++) {
    for (let i = 0; i < n; i++) memory[(first + j) * n + i] = data[i * columns + j]
  }
}

const layerCache = new WeakMap<PackedLayer, Parameters>()
const headCache = new WeakMap<PackedHead, Pick<Parameters, 'Wy' | 'by'>>()

/** The layer's weights as float64 matrices, made once; the head that the cell wants to have is one of zeros. */
function layerParameters(layer: PackedLayer): Parameters {
  let parameters = layerCache.get(layer)
  if (parameters === undefined) {
    const { n_x, n_a, Wf, bf, Wi, bi, Wc, bc, Wo, bo } = unpackLayer(layer)
    const weights = (values: Float32Array) => matrix(n_a, n_a + n_x, values)
    const bias = (values: Float32Array) => matrix(n_a, 1, values)
    parameters = {
      Wf: weights(Wf),
      bf: bias(bf),
      Wi: weights(Wi),
      bi: bias(bi),
      Wc: weights(Wc),
      bc: bias(bc),
      Wo: weights(Wo),
      bo: bias(bo),
      Wy: zeros(1, n_a),
      by: zeros(1, 1)
    }
    layerCache.set(layer, parameters)
  }
  return parameters
}

function headParameters(head: PackedHead): Pick<Parameters, 'Wy' | 'by'> {
  let parameters = headCache.get(head)
  if (parameters === undefined) {
    const { n_a, n_y, Wy, by } = unpackHead(head)
    parameters = { Wy: matrix(n_y, n_a, Wy), by: matrix(n_y, 1, by) }
    headCache.set(head, parameters)
  }
  return parameters
}
