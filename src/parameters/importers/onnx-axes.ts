import type { OnnxNode } from '../files/onnx.ts'
import type { OnnxConstants } from './onnx-constants.ts'

/**
 * What the axes of a value are: T steps, B examples, D directions, H hidden units of one direction, F the features of a
 * step (all directions together, or a head's outputs), S steps and examples folded into one, 1 nothing.
 */
export type Axis = 'T' | 'B' | 'D' | 'H' | 'F' | 'S' | '1'

/** Axes of the outputs of an LSTM node. */
export function outputAxes(node: OnnxNode, output: 'Y' | 'Y_h'): Axis[] {
  const batchFirst = node.attributes.get('layout')?.i === 1
  if (output === 'Y') return batchFirst ? ['B', 'T', 'D', 'H'] : ['T', 'D', 'B', 'H']
  return batchFirst ? ['B', 'D', 'H'] : ['D', 'B', 'H']
}

/** Axes that an LSTM node's X must have. */
export function inputAxes(node: OnnxNode): Axis[] {
  return node.attributes.get('layout')?.i === 1 ? ['B', 'T', 'F'] : ['T', 'B', 'F']
}

/**
 * The axes behind a node that only moves values; undefined where it does more, or where it is not sure what it does.
 * With one direction, its axis may come and go, and its hidden units are the features.
 * @param D directions
 * @param F features of a step
 */
export function movedAxes(
  node: OnnxNode,
  before: readonly Axis[],
  D: number,
  F: number,
  constants: OnnxConstants
): Axis[] | undefined {
  if (node.domain !== '') return undefined
  const axes = asFeatures(before, D)
  switch (node.type) {
    case 'Identity':
    case 'Dropout':
    case 'Cast':
      return axes
    case 'Squeeze':
      return squeezed(axes, constants.axes(node))
    case 'Unsqueeze':
      return unsqueezed(axes, constants.axes(node))
    case 'Transpose': {
      const perm = node.attributes.get('perm')?.ints ?? axes.map((_, axis) => axes.length - 1 - axis)
      return perm.length === axes.length ? perm.map((axis) => axes[axis]) : undefined
    }
    case 'Reshape':
      return reshaped(axes, constants.integers(node.graph, node.inputs[1]), F)
    case 'Slice':
      return lastStepSliced(node, axes, constants)
    case 'Gather':
      return gathered(node, axes, constants)
    default:
      return undefined
  }
}

/** With one direction there is nothing to tell D from 1 and H from F. */
function asFeatures(axes: readonly Axis[], D: number): Axis[] {
  return axes.map((axis) => (D > 1 ? axis : axis === 'D' ? '1' : axis === 'H' ? 'F' : axis))
}

function squeezed(axes: readonly Axis[], dropped: readonly number[] | undefined): Axis[] | undefined {
  const places = dropped?.map((axis) => (axis < 0 ? axis + axes.length : axis))
  if (places?.some((place) => axes[place] !== '1')) return undefined
  return axes.filter((axis, place) => (places === undefined ? axis !== '1' : !places.includes(place)))
}

function unsqueezed(axes: readonly Axis[], added: readonly number[] | undefined): Axis[] | undefined {
  if (added === undefined) return undefined
  const rank = axes.length + added.length
  const result = [...axes]
  for (const place of added.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b))
    result.splice(place, 0, '1')
  return result
}

/** Joins directions and units to features, drops a direction's axis of length 1, or folds steps and examples into one. */
function reshaped(axes: readonly Axis[], target: readonly number[] | undefined, F: number): Axis[] | undefined {
  if (target === undefined) return undefined
  const last = target[target.length - 1]
  const joins = axes.at(-2) === 'D' && axes.at(-1) === 'H'
  const kept: Axis[] = joins ? [...axes.slice(0, -2), 'F'] : axes.filter((axis) => axis !== '1')
  if (kept.at(-1) !== 'F') return undefined
  if (target.length === 2 && kept.length === 3 && last === F) return ['S', 'F']
  // where an axis in the middle goes, -1 for the last one would take in what the zeros before it do not
  const drops = axes.at(-2) === '1' && axes.filter((axis) => axis === '1').length === 1
  const sure = last === F || (last === -1 && (joins || drops) && target.slice(0, -1).every((length) => length !== -1))
  return target.length === kept.length && sure ? kept : undefined
}

/** The slice [-1:] of the steps keeps the last one. */
function lastStepSliced(node: OnnxNode, axes: readonly Axis[], constants: OnnxConstants): Axis[] | undefined {
  const slices = constants.slices(node, axes.length)
  const last = slices?.every(
    ({ axis, start, end, step }) => axes[axis] === 'T' && start === -1 && end > 2 ** 30 && step === 1
  )
  return last ? axes.map((axis) => (axis === 'T' ? '1' : axis)) : undefined
}

/** Index -1 of the steps is the last one; index 0 or -1 of an axis of length 1 is all of it. */
function gathered(node: OnnxNode, axes: readonly Axis[], constants: OnnxConstants): Axis[] | undefined {
  const at = node.attributes.get('axis')?.i ?? 0
  const place = at < 0 ? at + axes.length : at
  const index = constants.integers(node.graph, node.inputs[1])
  if (index?.length !== 1) return undefined
  const fits = (axes[place] === 'T' && index[0] === -1) || (axes[place] === '1' && (index[0] === 0 || index[0] === -1))
  return fits ? axes.filter((_, axis) => axis !== place) : undefined
}
