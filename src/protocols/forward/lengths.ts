import { LstmError } from '../../errors.ts'

/**
 * Demands one length for each column, each from 1 to T_x.
 * @throws LSTM_ERR_BAD_LENGTHS, with the pointer of the first one that is wrong
 */
export function checkLengths(lengths: readonly number[], m: number, T_x: number): void {
  if (lengths.length !== m) {
    throw LstmError.at('/lengths', 'LSTM_ERR_BAD_LENGTHS', [
      `lengths has ${lengths.length} values; expected one for each of the m = ${m} columns`
    ])
  }
  const wrong = lengths.findIndex((length) => length < 1 || length > T_x)
  if (wrong >= 0) {
    throw LstmError.at(`/lengths/${wrong}`, 'LSTM_ERR_BAD_LENGTHS', [
      `lengths[${wrong}] is ${lengths[wrong]}; expected 1 to T_x = ${T_x}`
    ])
  }
}
