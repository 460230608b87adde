import { parameterArrays } from '../../../schemas/index.ts'
import { DecodedTensor } from '../../codec/json/decoded.ts'

/** The request schemas' forms after decoding. */

export { DecodedTensor }

export const DecodedArrays = parameterArrays(DecodedTensor)
