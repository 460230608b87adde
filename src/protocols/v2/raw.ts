import type { ParameterSet } from '../../parameters/parameter-set.ts'
import type { Envelope } from './envelope.ts'
import { badInput } from './fault.ts'

/**
 * A body without any JSON: the values of x alone, (n_x, 1, T_x) of FP32, where T_x follows from their number. The answer
 * is in raw bytes too.
 * @throws LSTM_ERR_BAD_TENSOR
 */
export function rawEnvelope(body: Uint8Array, { n_x }: ParameterSet): Envelope {
  const stepBytes = Float32Array.BYTES_PER_ELEMENT * n_x
  const T_x = body.length / stepBytes
  if (T_x < 1 || !Number.isInteger(T_x)) {
    const reason = `the body has ${body.length} bytes; expected a multiple of ${stepBytes}, n_x = ${n_x} values of FP32 for each step`
    throw badInput('x', '', reason)
  }
  const x = { name: 'x', datatype: 'FP32', shape: [n_x, 1, T_x], parameters: { binary_data_size: body.length } }
  return { request: { parameters: { binary_data_output: true }, inputs: [x] }, tail: body }
}
