import type { StridedTensor, Tensor } from './tensor.ts'

/** Order of the axes on the wire; inside, everything is rows: (T_x, m, n). */
export type Layout = 'features_first' | 'batch_first' | 'time_first'

type SequenceAxis = 'n' | 'm' | 'T_x'
type StateAxis = 'n' | 'm'

const sequenceAxes: Readonly<Record<Layout, readonly SequenceAxis[]>> = {
  features_first: ['n', 'm', 'T_x'],
  batch_first: ['m', 'T_x', 'n'],
  time_first: ['T_x', 'm', 'n']
}

const stateAxes: Readonly<Record<Layout, readonly StateAxis[]>> = {
  features_first: ['n', 'm'],
  batch_first: ['m', 'n'],
  time_first: ['m', 'n']
}

/** Axes of a tensor with a time axis, in the order of the layout, each made by `axis`. */
export function inSequenceOrder<T>(layout: Layout, axis: Readonly<Record<SequenceAxis, T>>): T[] {
  const axes = sequenceAxes[layout]
  return [axis[axes[0]], axis[axes[1]], axis[axes[2]]]
}

/** Axes of a tensor without a time axis, in the order of the layout. */
export function inStateOrder<T>(layout: Layout, axis: Readonly<Record<StateAxis, T>>): T[] {
  const axes = stateAxes[layout]
  return [axis[axes[0]], axis[axes[1]]]
}

/** Where element (t, j, i) of rows lies in a row-major tensor: t · strides.T_x + j · strides.m + i · strides.n. */
export interface RowStrides {
  readonly T_x: number
  readonly m: number
  readonly n: number
}

export function sequenceStrides({ shape }: Tensor, layout: Layout): RowStrides {
  const axes = sequenceAxes[layout]
  const strides = { T_x: 0, m: 0, n: 0 }
  let stride = 1
  for (let axis = axes.length - 1; axis >= 0; axis--) {
    strides[axes[axis]] = stride
    stride *= shape[axis]
  }
  return strides
}

export function stateStrides({ shape }: Pick<Tensor, 'shape'>, layout: Layout): RowStrides {
  return layout === 'features_first' ? { T_x: 0, m: 1, n: shape[1] } : { T_x: 0, m: shape[1], n: 1 }
}

/** Blocks of m rows of n values, seen as a tensor in the axis order of a layout. */
export function sequenceView(
  data: Float32Array,
  block: number,
  T_x: number,
  m: number,
  n: number,
  layout: Layout
): StridedTensor {
  return {
    shape: inSequenceOrder(layout, { n, m, T_x }),
    strides: inSequenceOrder(layout, { n: 1, m: n, T_x: m * n }),
    data,
    offset: block * m * n
  }
}

/** One block of m rows of n values, seen as a matrix in the axis order of a layout. */
export function stateView(data: Float32Array, block: number, m: number, n: number, layout: Layout): StridedTensor {
  return {
    shape: inStateOrder(layout, { n, m }),
    strides: inStateOrder(layout, { n: 1, m: n }),
    data,
    offset: block * m * n
  }
}
