import { type Layout, stateView } from '../../codec/layout.ts'
import type { StridedTensor } from '../../codec/tensor.ts'
import type { Job } from '../../engine/job.ts'
import type { Kernel, PackedHead } from '../../kernels/kernel.ts'
import { lastStates, layerRows, type Outputs, predictionView, rowsView } from '../forward/outputs.ts'

/** An output of a finished job by its name, in the axis order of the layout. */
export function outputTensor(job: Job, name: string, outputs: Outputs, layout: Layout, kernel: Kernel): StridedTensor {
  switch (name) {
    case 'a':
    case 'c':
      return rowsView(job, job.topStates(name), 'all', layout)
    case 'a_last':
    case 'c_last':
      return lastStates(job, name === 'a_last' ? 'a' : 'c', layout)
    case 'y':
      return predictionView(job, 'all', layout)
    case 'y_last':
      return lastPrediction(job, outputs.has('y'), layout, kernel)
    default:
      return rowsView(job, [layerRows(job, outputs.layerOutput(name)!)], 'all', layout)
  }
}

/**
 * The prediction from the states after the last step that each direction makes.
 * @param all the job has the predictions of every step in place of the last ones
 */
function lastPrediction(job: Job, all: boolean, layout: Layout, kernel: Kernel): StridedTensor {
  if (!all) return predictionView(job, 'last', layout)
  const top = job.topStates('a')
  if (!top.some(({ mirrored }) => mirrored)) return rowsView(job, [job.predictions], 'last', layout)
  // of both directions it belongs to no step
  return predictionOf(job.set.head!, job.lastSteps(top), job.m, layout, kernel)
}

/** The prediction from hidden states of the top layer, (m, n_a). */
export function predictionOf(
  head: PackedHead,
  states: Float32Array,
  m: number,
  layout: Layout,
  kernel: Kernel
): StridedTensor {
  const a = kernel.allocate(m * head.n_a)
  try {
    a.set(states)
    const y = kernel.allocate(m * head.n_y)
    try {
      kernel.predict(head, a, 0, y, 0, m)
      return stateView(y.slice(), 0, m, head.n_y, layout)
    } finally {
      kernel.release(y)
    }
  } finally {
    kernel.release(a)
  }
}
