import { measureDeviations } from '../../engine/probe.ts'
import { selfCheck } from '../../engine/self-check.ts'
import { importModel } from '../../parameters/importers/import-model.ts'
import type { ImportSettings } from '../../parameters/importers/imported.ts'
import { createParameterSet, type ParameterSet, releaseParameterSet } from '../../parameters/parameter-set.ts'
import type { WorkerContext } from '../context.ts'

/**
 * PUT /parameters/{name}: the body, of any format that is read, becomes a parameter set in shared memory, and is held
 * against the test vector that came with it. What a smaller precision changes is measured apart from that.
 * @throws LSTM_ERR_SELF_CHECK_FAILED, LSTM_ERR_JOB_TOO_LARGE, LSTM_ERR_OUT_OF_MEMORY, and what `importModel` throws
 */
export async function importSet(
  body: Uint8Array,
  settings: ImportSettings,
  { kernel, sharing, limits, pause }: WorkerContext
): Promise<ParameterSet> {
  const { model } = importModel(body, settings, limits)
  const { precision = 'float32' } = settings
  const run = sharing.run.bind(sharing)
  const sets = [createParameterSet(kernel, model, 'float32', pause)]
  const [exact] = sets
  try {
    const check = exact.test && { selfCheck: await selfCheck(kernel, run, exact, exact.test, limits.maxJobValues) }
    if (precision === 'float32') return { ...exact, ...check }
    const reduced = createParameterSet(kernel, model, precision, pause)
    sets.push(reduced)
    const deviations = await measureDeviations(kernel, run, exact, reduced)
    releaseParameterSet(kernel, exact)
    return { ...reduced, ...check, deviations }
  } catch (error) {
    for (const set of sets) releaseParameterSet(kernel, set)
    throw error
  }
}
