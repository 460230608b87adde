import { forEachParameter } from '../../lstm/dimensions.ts'

/** The members of an object of ten arrays that hold tensors: all of them. */
export const parameterPlan = forEachParameter(() => 'tensor' as const)
