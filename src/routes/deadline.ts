import type { IncomingHttpHeaders } from 'node:http'
import type { Config } from '../config.ts'
import { LstmError } from '../errors.ts'

/**
 * Milliseconds that a request has from its arrival on: what its header asks for, up to the maximum, or the setting.
 * @returns undefined for ever
 * @throws LSTM_ERR_INVALID_REQUEST
 */
export function deadlineOf(
  headers: IncomingHttpHeaders,
  { deadlineMs, deadlineMaxMs }: Pick<Config, 'deadlineMs' | 'deadlineMaxMs'>
): number | undefined {
  const header = headers['x-request-timeout-ms']
  if (header === undefined) return deadlineMs === 0 ? undefined : deadlineMs
  if (typeof header !== 'string' || !/^[1-9]\d{0,8}$/.test(header)) {
    throw new LstmError('LSTM_ERR_INVALID_REQUEST', [
      `X-Request-Timeout-Ms is ${JSON.stringify(header)}; expected whole milliseconds from 1`
    ])
  }
  return Math.min(Number(header), deadlineMaxMs)
}
