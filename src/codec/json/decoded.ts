import { Type } from '../../../schemas/typebox.ts'
import { Tensor } from '../tensor.ts'

/** Where the wire has nested arrays or base64, `readJson` has left a Tensor. */
export const DecodedTensor = Type.Refine(
  Type.Unsafe<Tensor>({}),
  (value) => value instanceof Tensor,
  () => 'must be nested arrays of numbers, or {"shape", "data"} with base64'
)
