import type { IncomingHttpHeaders } from 'node:http'
import { LstmError } from '../errors.ts'

/** Preconditions on a parameter set's version (RFC 9110, section 13). */

export function etag(version: string): string {
  return `"${version}"`
}

/**
 * Demands what If-Match and If-None-Match of a change say about the version that is there now.
 * @throws LSTM_ERR_PRECONDITION_FAILED
 */
export function checkPreconditions(headers: IncomingHttpHeaders, version: string | undefined): void {
  const match = headers['if-match']
  const noneMatch = headers['if-none-match']
  const current = version === undefined ? 'there is no such set' : `the version is ${etag(version)}`
  if (match !== undefined && !(version !== undefined && matches(match, version, false))) {
    throw new LstmError('LSTM_ERR_PRECONDITION_FAILED', ['If-Match', match, current])
  }
  if (noneMatch !== undefined && version !== undefined && matches(noneMatch, version, true)) {
    throw new LstmError('LSTM_ERR_PRECONDITION_FAILED', ['If-None-Match', noneMatch, current])
  }
}

/** True when a GET's If-None-Match says that the client has this version already. */
export function notModified(headers: IncomingHttpHeaders, tag: string): boolean {
  const noneMatch = headers['if-none-match']
  return noneMatch !== undefined && listMatches(noneMatch, tag, true)
}

function matches(header: string, version: string, weak: boolean): boolean {
  return listMatches(header, etag(version), weak)
}

/** If-Match compares strongly: a weak tag never matches. */
function listMatches(header: string, tag: string, weak: boolean): boolean {
  if (header.trim() === '*') return true
  return header
    .split(',')
    .map((each) => each.trim())
    .some((each) => (weak ? each.replace(/^W\//, '') : each) === tag)
}
