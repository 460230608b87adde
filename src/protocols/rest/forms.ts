import { parameterArrays } from '../../../schemas/index.ts'
import { Type } from '../../../schemas/typebox.ts'
import { Tensor } from '../../codec/tensor.ts'

/** The request schemas' forms after decoding: where the wire has nested arrays or base64, the codec left a Tensor. */

export const DecodedTensor = Type.Refine(
  Type.Unsafe<Tensor>({}),
  (value) => value instanceof Tensor,
  () => 'must be nested arrays of numbers, or {"shape", "data"} with base64'
)

export const DecodedArrays = parameterArrays(DecodedTensor)
