import { activateHead } from '../lstm/activations.ts'
import { addColumn, dot, type Matrix, matrix } from '../lstm/matrix.ts'
import type { HeadWeights, Kernel, PackedHead } from './kernel.ts'
import { advanceReferenceLayer, packReferenceLayer, unpackReferenceLayer } from './reference-layer.ts'
import { concatenate, fromRows, split, toRows } from './reference-rows.ts'

/**
 * The reference kernel: every step is src/lstm's own, in float64, on float32 weights. The oracle of the tests and the
 * last resort where no faster kernel runs; it packs nothing, the arrays lie one behind the other as they came.
 */
export function createReferenceKernel(): Kernel {
  return {
    name: 'reference',
    allocate,
    release: () => {}, // the garbage collector has it
    packLayer: (weights, precision = 'float32') => packReferenceLayer(weights, precision, allocate),
    packHead({ n_a, n_y, Wy, by, activation }) {
      return { n_a, n_y, activation, memory: concatenate([Wy, by], allocate) }
    },
    unpackLayer: unpackReferenceLayer,
    unpackHead,
    advance: advanceReferenceLayer,
    predict(head, a, aRow, y, yRow, rows) {
      const { Wy, by } = headMatrices(head)
      const Z = addColumn(dot(Wy, fromRows(a, aRow, rows, head.n_a)), by)
      toRows(activateHead(head.activation, Z), y, yRow)
    },
    close: () => {} // there is no scratch
  }
}

function allocate(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT))
}

function unpackHead({ n_a, n_y, activation, memory }: PackedHead): HeadWeights {
  const [Wy, by] = split(memory, [n_y * n_a, n_y])
  return { n_a, n_y, Wy, by, activation }
}

const headCache = new WeakMap<PackedHead, { readonly Wy: Matrix; readonly by: Matrix }>()

/** The head's weights as float64 matrices, made once. */
function headMatrices(head: PackedHead): { readonly Wy: Matrix; readonly by: Matrix } {
  let matrices = headCache.get(head)
  if (matrices === undefined) {
    const { n_a, n_y, Wy, by } = unpackHead(head)
    matrices = { Wy: matrix(n_y, n_a, Wy), by: matrix(n_y, 1, by) }
    headCache.set(head, matrices)
  }
  return matrices
}
