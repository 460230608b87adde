import { inSequenceOrder, inStateOrder, type Layout, sequenceStrides, stateStrides } from '../../codec/layout.ts'
import type { Encoding, Tensor } from '../../codec/tensor.ts'
import type { RowSource } from '../../engine/job.ts'
import { expectShape } from '../../lstm/dimensions.ts'

/**
 * A request's tensors against a parameter set: each shape is checked in the axis order that the request uses,
 * so that a message speaks of the array as its sender sees it.
 * All throw LSTM_ERR_SHAPE_MISMATCH or LSTM_ERR_EMPTY_AXIS.
 */

/** x with a time axis; it says how many columns and steps there are. */
export function inputSequence(x: Tensor, layout: Layout, n_x: number): RowSource & { m: number; T_x: number } {
  const axes = {
    n: { symbol: 'n_x', length: n_x },
    m: { symbol: 'm', length: undefined },
    T_x: { symbol: 'T_x', length: undefined }
  }
  expectShape('x', x.shape, inSequenceOrder<{ symbol: string; length: number | undefined }>(layout, axes))
  const lengthOf = (symbol: string) =>
    x.shape[inSequenceOrder(layout, { n: 'n_x', m: 'm', T_x: 'T_x' }).indexOf(symbol)]
  return { data: x.data, strides: sequenceStrides(x, layout), m: lengthOf('m'), T_x: lengthOf('T_x') }
}

/** The input of one step; it says how many columns there are. */
export function inputStep(xt: Tensor, layout: Layout, n_x: number): RowSource & { m: number } {
  expectShape(
    'xt',
    xt.shape,
    inStateOrder<{ symbol: string; length: number | undefined }>(layout, {
      n: { symbol: 'n_x', length: n_x },
      m: { symbol: 'm', length: undefined }
    })
  )
  const m = xt.shape[inStateOrder(layout, { n: 'n_x', m: 'm' }).indexOf('m')]
  return { data: xt.data, strides: stateStrides(xt, layout), m }
}

/** A hidden or memory state for every column; undefined where the request leaves it out. */
export function inputState(
  name: string,
  state: Tensor | undefined,
  layout: Layout,
  n_a: number,
  m: number
): RowSource | undefined {
  if (state === undefined) return undefined
  expectShape(
    name,
    state.shape,
    inStateOrder(layout, { n: { symbol: 'n_a', length: n_a }, m: { symbol: 'm', length: m } })
  )
  return { data: state.data, strides: stateStrides(state, layout) }
}

/** The form of the answer when the request does not say: base64 if any of its tensors came so. */
export function encodingOf(...tensors: (Tensor | undefined)[]): Encoding {
  return tensors.some((tensor) => tensor?.encoding === 'base64') ? 'base64' : 'nested'
}
