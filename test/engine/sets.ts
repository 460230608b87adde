import type { Kernel } from '../../src/kernels/kernel.ts'
import { forEachParameter } from '../../src/lstm/dimensions.ts'
import { createParameterSet, type ParameterSet } from '../../src/parameters/parameter-set.ts'
import { modelOfArrays } from '../../src/parameters/ten-arrays.ts'
import { flatten, randomSet, shapeOf } from '../tensors.ts'

/** A random set with two outputs, packed. */
export function makeSet(kernel: Kernel, seed: number, n_x: number, n_a: number): ParameterSet {
  const arrays = randomSet(seed, n_x, n_a, 2)
  return createParameterSet(
    kernel,
    modelOfArrays(
      forEachParameter((name) => ({ shape: shapeOf(arrays[name]), data: Float32Array.from(flatten(arrays[name])) }))
    )
  )
}
