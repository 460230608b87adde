import type { FastifyInstance } from 'fastify'
import { LstmError } from '../../errors.ts'
import type { StoredSet } from '../../parameters/store.ts'
import type { ModelReference } from './model-route.ts'

/** The scopes of routes that read what a model is. */
export const readers = ['infer', 'manage'] as const

/** @throws LSTM_ERR_UNKNOWN_MODEL */
export function findModel({ store }: FastifyInstance, { model, version }: ModelReference): StoredSet {
  const stored = store.get(model)
  if (stored === undefined || (version !== undefined && version !== stored.set.version)) {
    throw new LstmError('LSTM_ERR_UNKNOWN_MODEL', [model, version, stored?.set.version])
  }
  return stored
}
