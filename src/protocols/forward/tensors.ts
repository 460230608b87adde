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

/**
 * Hidden or memory states of every column, for each layer and direction of a set; undefined where the request leaves
 * them out. With more than one, the tensor has a leading axis for them; where their widths differ, it has their
 * features one below the other instead.
 * @param widths of each, in the order of `placedLayers`
 */
export function inputStates(
  name: string,
  states: Tensor | undefined,
  layout: Layout,
  widths: readonly number[],
  m: number
): RowSource[] | undefined {
  if (states === undefined) return undefined
  const { data } = states
  const [n] = widths
  const columns = { symbol: 'm', length: m }
  if (widths.length > 1 && widths.every((width) => width === n)) {
    const axes = inStateOrder(layout, { n: { symbol: 'n_a', length: n }, m: columns })
    expectShape(name, states.shape, [{ symbol: 'layers', length: widths.length }, ...axes])
    const strides = stateStrides({ shape: states.shape.slice(1) }, layout)
    return widths.map((_, place) => ({ data: data.subarray(place * m * n, (place + 1) * m * n), strides }))
  }
  const all = widths.reduce((sum, width) => sum + width, 0)
  const symbol = widths.length === 1 ? 'n_a' : 'n_a of all layers'
  expectShape(name, states.shape, inStateOrder(layout, { n: { symbol, length: all }, m: columns }))
  const strides = stateStrides(states, layout)
  let at = 0
  return widths.map((width) => {
    const from = at * strides.n
    at += width
    return { data: data.subarray(from, from + (m - 1) * strides.m + (width - 1) * strides.n + 1), strides }
  })
}

/** The form of the answer when the request does not say: base64 if any of its tensors came so. */
export function encodingOf(...tensors: (Tensor | undefined)[]): Encoding {
  return tensors.some((tensor) => tensor?.encoding === 'base64') ? 'base64' : 'nested'
}
