import { LstmError } from '../../errors.ts'

const full = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/**
 * What the file system refused, for the client: LSTM_ERR_STORAGE_FULL where there is no room, LSTM_ERR_STORAGE
 * otherwise. An error that did not come from the file system stays as it is.
 */
export function asStorageError(error: unknown): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException
  if (code === undefined || syscall === undefined) return error
  const reason = `${syscall}: ${code}`
  return full.has(code) ? new LstmError('LSTM_ERR_STORAGE_FULL', [reason]) : new LstmError('LSTM_ERR_STORAGE', [reason])
}
