import type { Static } from '../../../schemas/typebox.ts'
import { LstmError } from '../../errors.ts'
import { createParameterSet, type ParameterSet } from '../../parameters/parameter-set.ts'
import type { WorkerContext } from '../context.ts'
import type { DecodedArrays } from './forms.ts'

/** The parameter set of a request and how the answer names it. */
export interface ResolvedSet {
  readonly set: ParameterSet
  /** Null where the arrays came inline. */
  readonly name: string | null
}

/** @throws LSTM_ERR_PARAMETER_SET_NOT_FOUND, or for inline arrays whatever is wrong with them */
export function resolveParameters(
  parameters: string | Static<typeof DecodedArrays>,
  { kernel, sets }: WorkerContext
): ResolvedSet {
  if (typeof parameters !== 'string') {
    return { set: createParameterSet(kernel, parameters, 'parameters.'), name: null }
  }
  const set = sets.get(parameters)
  if (set === undefined) throw LstmError.at('/parameters', 'LSTM_ERR_PARAMETER_SET_NOT_FOUND', [parameters])
  return { set, name: parameters }
}
