import type { Static } from '../../../schemas/typebox.ts'
import { LstmError } from '../../errors.ts'
import { createParameterSet, type ParameterSet, releaseParameterSet } from '../../parameters/parameter-set.ts'
import { modelOfArrays } from '../../parameters/ten-arrays.ts'
import type { WorkerContext } from '../context.ts'
import type { DecodedArrays } from './forms.ts'

/** The parameter set of a request and how the answer names it. */
export interface ResolvedSet {
  readonly set: ParameterSet
  /** Null where the arrays came inline. */
  readonly name: string | null
}

/**
 * The parameter set of a request; its weights stay in memory until `letGo` is called, which must happen once.
 * @throws LSTM_ERR_PARAMETER_SET_NOT_FOUND, or for inline arrays whatever is wrong with them
 */
export function holdParameters(
  parameters: string | Static<typeof DecodedArrays>,
  { kernel, sets }: WorkerContext
): ResolvedSet & { letGo(): void } {
  if (typeof parameters !== 'string') {
    const set = createParameterSet(kernel, modelOfArrays(parameters, 'parameters.'))
    return { set, name: null, letGo: () => releaseParameterSet(kernel, set) }
  }
  const held = sets.hold(parameters)
  if (held === undefined) throw LstmError.at('/parameters', 'LSTM_ERR_PARAMETER_SET_NOT_FOUND', [parameters])
  return { set: held.set, name: parameters, letGo: held.letGo }
}
