import { type Activation, activationNames, defaultActivations, hardSigmoid } from '../lstm/model.ts'
import type { PackedLayer } from './kernel.ts'
import { hiddenRow, layerPlaces, layerRow } from './packing.ts'
import { precisions } from './precision.ts'

/** Words of the record, of which the last are unused: what follows it in memory is to begin on a line of the cache. */
export const LAYER_WORDS = 32

/**
 * What the code for layers with more than the plain cell reads of one, as words in the table of a call; it knows them
 * as GeneralLayer. Addresses are in bytes, 0 for what the layer does not have.
 */
export class LayerRecord {
  readonly #words: Uint32Array // (LAYER_WORDS)
  readonly #floats: Float32Array // the same
  readonly #lanes: number

  constructor(words: Uint32Array, lanes: number) {
    this.#words = words
    this.#floats = new Float32Array(words.buffer, words.byteOffset, words.length)
    this.#lanes = lanes
  }

  get address(): number {
    return this.#words.byteOffset
  }

  /**
   * @param z address of the scratch, which holds the pre-activations of `rows` rows and, behind them, what a row needs
   * for the projection
   */
  write(layer: PackedLayer, z: number, rows: number): void {
    const { n_x, n_a, n_h, precision, options, memory } = layer
    const places = layerPlaces(layer, this.#lanes)
    const address = (place: number | undefined): number => (place === undefined ? 0 : memory.byteOffset + place * 4)
    const hidden = options?.projection ? z + rows * layerRow(n_a, this.#lanes) * 4 : 0
    const projected = options?.projection ? hidden + rows * hiddenRow(n_a, this.#lanes) * 4 : 0
    const { gate, candidate, output } = options?.activations ?? defaultActivations
    this.#words.set([precisions.indexOf(precision), n_x, n_a, n_h])
    this.#words.set([memory.byteOffset, address(places.peepholes), address(places.Wp), hidden, projected], 4)
    this.#words[9] = options?.input_forget ? 1 : 0
    this.#floats[10] = options?.clip ?? Number.POSITIVE_INFINITY
    for (const [i, activation] of [gate, candidate, output].entries()) this.#writeActivation(11 + 3 * i, activation)
  }

  #writeActivation(at: number, { name, alpha, beta }: Activation): void {
    this.#words[at] = activationNames.indexOf(name)
    this.#floats[at + 1] = alpha ?? hardSigmoid.alpha
    this.#floats[at + 2] = beta ?? hardSigmoid.beta
  }
}
