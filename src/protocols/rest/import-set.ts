import { importModel } from '../../parameters/importers/import-model.ts'
import type { ImportSettings } from '../../parameters/importers/imported.ts'
import { createParameterSet, type ParameterSet } from '../../parameters/parameter-set.ts'
import { servedArrays } from '../../parameters/served-arrays.ts'
import type { WorkerContext } from '../context.ts'

/**
 * PUT /parameters/{name}: the body, of any format that is read, becomes a parameter set in shared memory.
 * @throws LSTM_ERR_UNSUPPORTED_MODEL, and what `importModel` throws
 */
export function importSet(body: Uint8Array, settings: ImportSettings, { kernel, limits }: WorkerContext): ParameterSet {
  const arrays = servedArrays(importModel(body, settings, limits).model)
  return createParameterSet(kernel, arrays, '', settings.precision)
}
