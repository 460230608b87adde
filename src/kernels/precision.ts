/**
 * How the recurrent weights of a layer may be stored: as they are, or smaller and read back as float32. At m = 1 a
 * step of a large layer takes as long as reading them.
 */
import type { LayerWeights } from './kernel.ts'

/** In the order of the numbers that the native kernel knows them by. */
export const precisions = ['float32', 'bfloat16', 'int8'] as const
export type Precision = (typeof precisions)[number]

/** Whole numbers times a scale: what int8 makes of a row of weights. */
export interface Quantized {
  readonly scale: number
  /** -127 to 127 */
  readonly values: Int8Array
}

const bits = new Uint32Array(1)
const float = new Float32Array(bits.buffer)

/** The upper half of the float32 nearest to `value` whose lower half is 0, ties to even; finite stays finite. */
export function bfloat16Bits(value: number): number {
  float[0] = value
  const rounded = (bits[0] + 0x7fff + ((bits[0] >>> 16) & 1)) >>> 16
  return (rounded & 0x7f80) === 0x7f80 ? bits[0] >>> 16 : rounded
}

export function fromBfloat16Bits(upper: number): number {
  bits[0] = upper << 16
  return float[0]
}

/** The largest of the row becomes ±127 times the scale. */
export function quantize(row: Float32Array): Quantized {
  const scale = Math.fround(row.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127)
  return { scale, values: Int8Array.from(row, (value) => (scale === 0 ? 0 : Math.round(value / scale))) }
}

/** Weights whose recurrent columns are what `precision` leaves of them, as float32. */
export function roundRecurrent(weights: LayerWeights, precision: Precision): LayerWeights {
  const { n_x, n_h } = weights
  const round = (W: Float32Array): Float32Array => {
    const rounded = W.slice()
    for (let at = 0; at < W.length; at += n_h + n_x) {
      const row = rounded.subarray(at, at + n_h) // the hidden state comes first in W's columns
      if (precision === 'bfloat16') row.set(row.map((value) => fromBfloat16Bits(bfloat16Bits(value))))
      if (precision === 'int8') {
        const { scale, values } = quantize(row)
        row.set(Float32Array.from(values, (value) => value * scale))
      }
    }
    return rounded
  }
  const { Wf, Wi, Wc, Wo } = weights
  return { ...weights, Wf: round(Wf), Wi: round(Wi), Wc: round(Wc), Wo: round(Wo) }
}
