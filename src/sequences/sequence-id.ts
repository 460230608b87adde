import { LstmError } from '../errors.ts'

/** Numbers and texts are different ids: 7 and "7" name two sequences, as they do for Triton. */
export type IdType = 'number' | 'text'

export interface SequenceId {
  readonly type: IdType
  /** A number's digits: JavaScript's numbers do not hold 64 bits. */
  readonly id: string
}

/** 2^64 - 1 */
const MOST = 18_446_744_073_709_551_615n
const MOST_TEXT_BYTES = 128
const DIGITS = /^(?:0|[1-9]\d{0,19})$/

/**
 * An id by the token that stands for it.
 * @param where what to call it in a message
 * @returns undefined for none: 0 or an empty text
 * @throws LSTM_ERR_INVALID_REQUEST
 */
export function numberId(token: string, where: string): SequenceId | undefined {
  if (!DIGITS.test(token) || BigInt(token) > MOST) {
    throw invalid(where, token, `a number without a fraction from 0 to ${MOST}, or a text`)
  }
  return token === '0' ? undefined : { type: 'number', id: token }
}

/** @see numberId */
export function textId(text: string, where: string): SequenceId | undefined {
  if (/\p{Surrogate}/u.test(text)) throw invalid(where, JSON.stringify(text), 'a text without lone surrogates')
  if (Buffer.byteLength(text) > MOST_TEXT_BYTES) {
    throw invalid(where, JSON.stringify(text), `a text of at most ${MOST_TEXT_BYTES} bytes in UTF-8`)
  }
  return text === '' ? undefined : { type: 'text', id: text }
}

export function invalid(where: string, got: string, expected: string): LstmError {
  const shown = got.length > 60 ? `${got.slice(0, 60)}…` : got
  return new LstmError('LSTM_ERR_INVALID_REQUEST', [`${where} is ${shown}; expected ${expected}`])
}

/** An id as messages show it: a text in quotes. */
export function shownId({ type, id }: SequenceId): string {
  return type === 'number' ? id : JSON.stringify(id)
}
