import { LstmError } from '../../errors.ts'

/** The document is not JSON: `reason` says what was expected and what came at the byte `position`. */
export const malformed = (position: number, reason: string): LstmError<'LSTM_ERR_MALFORMED_JSON'> =>
  new LstmError('LSTM_ERR_MALFORMED_JSON', [position, reason])

/** The document is JSON, but what stands at `pointer` is no tensor. */
export const badTensor = (pointer: string, reason: string): LstmError<'LSTM_ERR_BAD_TENSOR'> =>
  new LstmError('LSTM_ERR_BAD_TENSOR', [pointer, reason], [{ path: pointer, message: reason }])

/** The base64 text at `pointer` does not hold the bytes of the tensor. */
export const badBase64 = (pointer: string, reason: string): LstmError<'LSTM_ERR_BAD_BASE64'> =>
  new LstmError('LSTM_ERR_BAD_BASE64', [pointer, reason], [{ path: pointer, message: reason }])

/**
 * A value is NaN or infinite in float32; `where` is how the message names it, `pointer` where the document holds it.
 */
export const nonFinite = (where: string, what: string, pointer: string): LstmError<'LSTM_ERR_NON_FINITE'> =>
  new LstmError('LSTM_ERR_NON_FINITE', [where, what], [{ path: pointer, message: `is ${what}` }])

/** The JSON pointer (RFC 6901) of a member of the object at `pointer`. */
export const memberPointer = (pointer: string, key: string): string =>
  key.includes('~') || key.includes('/')
    ? `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
    : `${pointer}/${key}`
