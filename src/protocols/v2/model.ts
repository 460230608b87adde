import { LstmError } from '../../errors.ts'
import type { ParameterSet } from '../../parameters/parameter-set.ts'
import type { WorkerContext } from '../context.ts'
import type { InferCall } from './call.ts'

/**
 * Does something with the set that a call names; its weights stay in memory until that is done.
 * @throws LSTM_ERR_UNKNOWN_MODEL, also for a version that is not the set's
 */
export async function withModel<T>(
  call: InferCall,
  context: WorkerContext,
  use: (set: ParameterSet) => Promise<T>
): Promise<T> {
  const held = holdModel(call, context)
  try {
    return await use(held.set)
  } finally {
    held.letGo()
  }
}

/**
 * The set that a call names; its weights stay in memory until `letGo` is called, which must happen once.
 * @throws LSTM_ERR_UNKNOWN_MODEL, also for a version that is not the set's
 */
export function holdModel(
  { model, version }: InferCall,
  { sets }: WorkerContext
): { readonly set: ParameterSet; letGo(): void } {
  const held = sets.hold(model)
  if (held === undefined) throw new LstmError('LSTM_ERR_UNKNOWN_MODEL', [model, version, undefined])
  if (version !== undefined && version !== held.set.version) {
    held.letGo()
    throw new LstmError('LSTM_ERR_UNKNOWN_MODEL', [model, version, held.set.version])
  }
  return held
}
