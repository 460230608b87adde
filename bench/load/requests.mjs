import { randomValues, referenceStates } from '../sets.mjs'

/** How many different inputs take turns: enough that no cache or branch predictor knows the numbers by heart. */
const MOST_INPUTS = 16
const MOST_VALUES = 2e6

/** Of long sequences a part of the states is compared: as many steps as the reference kernel makes in good time. */
const CHECKED_FLOP = 3e7

/**
 * Requests for the hidden states of one sequence of T_x steps, and the states to expect.
 * @param encoding json or base64 on the native route, or binary: raw bytes on that of the Open Inference Protocol
 */
export function sequenceRequests(set, layer, T_x, encoding, mostInputs = MOST_INPUTS, m = 1) {
  const { n_x, n_a } = layer
  const count = Math.max(1, Math.min(mostInputs, Math.floor(MOST_VALUES / (m * T_x * n_x))))
  const inputs = Array.from({ length: count }, (_, i) => randomValues(m * T_x * n_x, 1, 1000 + i))
  const checkedSteps = m > 1 ? 1 : Math.min(T_x, Math.ceil(CHECKED_FLOP / count / (8 * n_a * (n_a + n_x))))
  return {
    encoding,
    requests: inputs.map((x) => request(set, x, [m, T_x, n_x], encoding)),
    expected: inputs.map((x) => referenceStates(layer, x.subarray(0, checkedSteps * n_x), 1, checkedSteps))
  }
}

function request(set, values, shape, encoding) {
  if (encoding === 'binary') return binary(set, values, shape)
  const x = encoding === 'json' ? nested(values, shape) : base64(values, shape)
  const body = `{"parameters":"${set}","layout":"batch_first","outputs":["a"],"x":${x}}`
  const head = [
    'POST /sequence HTTP/1.1',
    'host: 127.0.0.1',
    'content-type: application/json',
    `content-length: ${body.length}`
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`)
}

function binary(set, values, shape) {
  const size = values.byteLength
  const json = JSON.stringify({
    parameters: { layout: 'batch_first' },
    inputs: [{ name: 'x', shape, datatype: 'FP32', parameters: { binary_data_size: size } }],
    outputs: [{ name: 'a', parameters: { binary_data: true } }]
  })
  const head = [
    `POST /v2/models/${set}/infer HTTP/1.1`,
    'host: 127.0.0.1',
    'content-type: application/octet-stream',
    `inference-header-content-length: ${json.length}`,
    `content-length: ${json.length + size}`
  ]
  const tensor = Buffer.from(values.buffer, values.byteOffset, size)
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n${json}`), tensor])
}

/** Nine decimals, as a client prints float32. */
function nested(values, [m, T_x, n_x]) {
  const rows = Array.from({ length: m * T_x }, (_, r) =>
    JSON.stringify(Array.from(values.subarray(r * n_x, (r + 1) * n_x), (value) => Math.round(value * 1e9) / 1e9))
  )
  const sequences = Array.from({ length: m }, (_, j) => `[${rows.slice(j * T_x, (j + 1) * T_x).join(',')}]`)
  return `[${sequences.join(',')}]`
}

function base64(values, shape) {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength)
  return JSON.stringify({ shape, data: bytes.toString('base64') })
}
