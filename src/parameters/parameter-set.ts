import { createHash } from 'node:crypto'
import { LstmError } from '../errors.ts'
import type { Kernel, PackedHead, PackedLayer } from '../kernels/kernel.ts'
import type { Precision } from '../kernels/precision.ts'
import { forEachParameter, type ParameterName, parameterDimensions, parameterNames } from '../lstm/dimensions.ts'
import type { NamedArray } from './files/array.ts'
import { type Deviations, measureDeviations } from './probe.ts'

/** Named, immutable, versioned. Plain data over shared memory: every thread gets the same bytes. */
export interface ParameterSet {
  /** The first 16 hexadecimal digits of SHA-256 over content and precision: equal arrays, equal version. */
  readonly version: string
  readonly n_x: number
  readonly n_a: number
  readonly n_y: number
  /** From the input upwards. */
  readonly layers: readonly PackedLayer[]
  readonly head: PackedHead
  /** Bytes of the weights in memory. */
  readonly bytes: number
  /** What was made of the recurrent weights; whether the kernel also stores them so, its packed layers say. */
  readonly precision: Precision
  /** What that changes, unless it is float32. */
  readonly deviations?: Deviations
}

export type ParameterArrays = Readonly<Record<ParameterName, NamedArray>>

/**
 * Takes the ten arrays of the notation out of whatever a document or file held.
 * A bias may also be of shape (n,): it is read as (n, 1).
 * @throws LSTM_ERR_INVALID_PARAMETER_SET for a missing or an extra array
 */
export function selectArrays(arrays: ReadonlyMap<string, NamedArray>): ParameterArrays {
  const missing = parameterNames.filter((name) => !arrays.has(name))
  const extra = [...arrays.keys()].filter((name) => !(parameterNames as readonly string[]).includes(name))
  if (missing.length > 0 || extra.length > 0) {
    const reasons = [
      missing.length > 0 ? `missing: ${missing.join(', ')}` : '',
      extra.length > 0 ? `not known: ${extra.slice(0, 10).join(', ')}` : ''
    ].filter((reason) => reason !== '')
    throw new LstmError('LSTM_ERR_INVALID_PARAMETER_SET', [
      `a parameter set has the arrays ${parameterNames.join(', ')}; ${reasons.join('; ')}`
    ])
  }
  return forEachParameter((name) => {
    const array = arrays.get(name)!
    return name.startsWith('b') && array.shape.length === 1 ? { ...array, shape: [array.shape[0], 1] } : array
  })
}

/**
 * Checks the ten arrays against each other and packs them for a kernel.
 * @param prefix in front of each array's name in messages, such as "parameters."
 * @throws LSTM_ERR_SHAPE_MISMATCH, LSTM_ERR_EMPTY_AXIS, LSTM_ERR_INVALID_PARAMETER_SET
 */
export function createParameterSet(
  kernel: Kernel,
  arrays: ParameterArrays,
  prefix = '',
  precision: Precision = 'float32'
): ParameterSet {
  const shapes = forEachParameter((name) => arrays[name].shape)
  const { n_x, n_a, n_y } = parameterDimensions(shapes, prefix)
  const data = forEachParameter((name) => arrays[name].data)
  const packed: (PackedLayer | PackedHead)[] = []
  const keep = <T extends PackedLayer | PackedHead>(piece: T): T => {
    packed.push(piece)
    return piece
  }
  try {
    const layer = keep(kernel.packLayer({ n_x, n_a, ...data }, precision))
    const head = keep(kernel.packHead({ n_a, n_y, ...data, activation: 'softmax' }))
    const bytes = layer.memory.byteLength + head.memory.byteLength
    const version = contentVersion(arrays, precision)
    const set = { version, n_x, n_a, n_y, layers: [layer], head, bytes, precision }
    if (precision === 'float32') return set
    const exact = kernel.packLayer({ n_x, n_a, ...data })
    try {
      return { ...set, deviations: measureDeviations(kernel, head, exact, layer) }
    } finally {
      kernel.release(exact.memory)
    }
  } catch (error) {
    for (const { memory } of packed) kernel.release(memory)
    throw error
  }
}

/** Gives the memory of a set back; nobody may use the set any more. */
export function releaseParameterSet(kernel: Kernel, { layers, head }: ParameterSet): void {
  for (const { memory } of layers) kernel.release(memory)
  kernel.release(head.memory)
}

function contentVersion(arrays: ParameterArrays, precision: Precision): string {
  const hash = createHash('sha256')
  if (precision !== 'float32') hash.update(precision)
  for (const name of parameterNames) {
    const { shape, data } = arrays[name]
    hash.update(`${name}(${shape.join()})`)
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  }
  return hash.digest('hex').slice(0, 16)
}

/** The ten arrays back, bit for bit as they are stored. */
export function parameterArrays(kernel: Kernel, { n_x, n_a, n_y, layers, head }: ParameterSet): ParameterArrays {
  const layer = kernel.unpackLayer(layers[0])
  const { Wy, by } = kernel.unpackHead(head)
  const weights = (data: Float32Array) => ({ shape: [n_a, n_a + n_x], data })
  const bias = (data: Float32Array) => ({ shape: [n_a, 1], data })
  return {
    Wf: weights(layer.Wf),
    bf: bias(layer.bf),
    Wi: weights(layer.Wi),
    bi: bias(layer.bi),
    Wc: weights(layer.Wc),
    bc: bias(layer.bc),
    Wo: weights(layer.Wo),
    bo: bias(layer.bo),
    Wy: { shape: [n_y, n_a], data: Wy },
    by: { shape: [n_y, 1], data: by }
  }
}
