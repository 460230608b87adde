import { createHash } from 'node:crypto'
import type { Kernel, PackedHead, PackedLayer } from '../kernels/kernel.ts'
import type { Precision } from '../kernels/precision.ts'
import {
  type DirectionName,
  type DirectionWeights,
  directionNames,
  type Model,
  type ModelLayer,
  type ModelTest,
  widthOf
} from '../lstm/model.ts'
import { optionsOf } from './model-options.ts'
import { isTenArrays, notationArrays } from './notation-arrays.ts'

/** A layer, forward, reverse or both. */
interface PackedDirections {
  readonly forward?: PackedLayer
  readonly reverse?: PackedLayer
}

interface Deviation {
  readonly largest: number
  readonly mean: number
}

/** How far what a set computes lies from what it would with weights of float32. */
export interface Deviations {
  readonly a: Deviation
  /** Left out without a head. */
  readonly y?: Deviation
}

/** Named, immutable, versioned. Plain data over shared memory: every thread gets the same bytes. */
export interface ParameterSet {
  /**
   * 63 bits of SHA-256 over content and precision, as a decimal number: equal arrays, equal version. Clients of Triton
   * read versions as signed integers of 64 bits.
   */
  readonly version: string
  readonly n_x: number
  /** Features of `a`: hidden units of the top layer, both directions together. */
  readonly n_a: number
  /** From the input upwards. */
  readonly layers: readonly PackedDirections[]
  readonly head?: PackedHead
  /** Bytes of the weights in memory. */
  readonly bytes: number
  /** What was made of the recurrent weights; whether the kernel also stores them so, its packed layers say. */
  readonly precision: Precision
  /** What that changes, unless it is float32. */
  readonly deviations?: Deviations
  /** In shared memory too. */
  readonly test?: ModelTest
  /** The largest difference between the test vector and what the set computed when it came. */
  readonly selfCheck?: number
}

/** One layer in one direction, and its place. */
export interface PlacedLayer {
  /** The layer's index, from the input upwards. */
  readonly index: number
  readonly direction: DirectionName
  readonly layer: PackedLayer
}

type Layers = ParameterSet['layers']

/** Every request asks, and a set never changes. */
const placed = new WeakMap<Layers, readonly PlacedLayer[]>()

/** The layers and directions of a set in the order in which states are given: forward before reverse (PyTorch's). */
export function placedLayers({ layers }: { readonly layers: Layers }): readonly PlacedLayer[] {
  let found = placed.get(layers)
  if (found === undefined) {
    found = layers.flatMap((directions, index) =>
      directionNames.flatMap((direction) => {
        const layer = directions[direction]
        return layer === undefined ? [] : [{ index, direction, layer }]
      })
    )
    placed.set(layers, found)
  }
  return found
}

/** Of what is hashed, between two calls of `pause`. */
const HASHED_BYTES = 512 * 1024

/**
 * Packs a model for a kernel.
 * @param model as `checkModel` lets it through
 * @param pause is called now and then
 * @throws LSTM_ERR_OUT_OF_MEMORY
 */
export function createParameterSet(
  kernel: Kernel,
  model: Model,
  precision: Precision = 'float32',
  pause?: () => void
): ParameterSet {
  const taken: Float32Array[] = []
  const keep = <T extends { readonly memory: Float32Array }>(piece: T): T => {
    taken.push(piece.memory)
    return piece
  }
  const share = ({ shape, data }: ModelTest['x']): ModelTest['x'] => {
    const { memory } = keep({ memory: kernel.allocate(data.length) })
    memory.set(data)
    return { shape, data: memory }
  }
  try {
    const pack = (weights: DirectionWeights) => keep(kernel.packLayer(weights, precision, pause))
    const layers = model.layers.map(({ forward, reverse }) => ({
      ...(forward && { forward: pack(forward) }),
      ...(reverse && { reverse: pack(reverse) })
    }))
    const n_a = widthOf(model.layers[model.layers.length - 1])
    const head = model.head && keep(kernel.packHead({ n_a, ...model.head }))
    const bytes = taken.reduce((sum, { byteLength }) => sum + byteLength, 0)
    const { x, a, y } = model.test ?? {}
    return {
      version: contentVersion(model, precision, pause),
      n_x: placedLayers({ layers })[0].layer.n_x,
      n_a,
      layers,
      ...(head && { head }),
      bytes,
      precision,
      ...(x && { test: { x: share(x), ...(a && { a: share(a) }), ...(y && { y: share(y) }) } })
    }
  } catch (error) {
    for (const memory of taken) kernel.release(memory)
    throw error
  }
}

/** Gives the memory of a set back; nobody may use the set any more. */
export function releaseParameterSet(kernel: Kernel, set: ParameterSet): void {
  for (const { layer } of placedLayers(set)) kernel.release(layer.memory)
  if (set.head !== undefined) kernel.release(set.head.memory)
  for (const tensor of Object.values(set.test ?? {})) kernel.release(tensor.data)
}

function contentVersion(model: Model, precision: Precision, pause?: () => void): string {
  const hash = createHash('sha256')
  if (precision !== 'float32') hash.update(precision)
  if (!isTenArrays(model)) hash.update(JSON.stringify(optionsOf(model)))
  for (const [name, { shape, data }] of notationArrays(model)) {
    hash.update(`${name}(${shape.join()})`)
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    for (let at = 0; at < bytes.length; at += HASHED_BYTES) {
      hash.update(bytes.subarray(at, at + HASHED_BYTES))
      pause?.()
    }
  }
  return BigInt.asUintN(63, hash.digest().readBigUInt64BE()).toString()
}

/** The model back, bit for bit as it is stored. */
export function modelOfSet(kernel: Kernel, { layers, head, test }: ParameterSet): Model {
  const unpack = ({ forward, reverse }: PackedDirections): ModelLayer => ({
    ...(forward && { forward: kernel.unpackLayer(forward) }),
    ...(reverse && { reverse: kernel.unpackLayer(reverse) })
  })
  return {
    layers: layers.map(unpack),
    ...(head && { head: kernel.unpackHead(head) }),
    ...(test && { test })
  }
}
