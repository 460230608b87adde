import { LstmError } from '../../errors.ts'
import type { ParameterSet } from '../../parameters/parameter-set.ts'
import type { WorkerContext } from '../context.ts'
import type { InferCall } from './call.ts'

/**
 * Does something with the set that a call names; its weights stay in memory until that is done.
 * @throws LSTM_ERR_UNKNOWN_MODEL, also for a version that is not the set's
 */
export async function withModel<T>(
  { model, version }: InferCall,
  { sets }: WorkerContext,
  use: (set: ParameterSet) => Promise<T>
): Promise<T> {
  const held = sets.hold(model)
  if (held === undefined) throw new LstmError('LSTM_ERR_UNKNOWN_MODEL', [model, version, undefined])
  try {
    const { set } = held
    if (version !== undefined && version !== set.version) {
      throw new LstmError('LSTM_ERR_UNKNOWN_MODEL', [model, version, set.version])
    }
    return await use(set)
  } finally {
    held.letGo()
  }
}
