import { LstmError } from '../../errors.ts'

/** Makes the error that refuses a file, with the file's format already in it. */
export type Fault = (reason: string) => LstmError

/**
 * @param format what the file was taken for, as the user would call it: `npz`, `keras`, …
 * @returns a maker of LSTM_ERR_UNREADABLE_FILE errors that begin with the format
 */
export const faultOf =
  (format: string): Fault =>
  (reason) =>
    new LstmError('LSTM_ERR_UNREADABLE_FILE', [format, reason])

/** A name taken from a file, safe to put into a message: names there can be 64 KiB long and hold any character. */
export const quoted = (name: string): string => JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name)
