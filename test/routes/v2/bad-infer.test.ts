import t from 'tap'
import { float32Bytes, inferBody, int32Bytes } from '../../infer-message.ts'
import { startService } from '../../service.ts'
import { randomSet } from '../../tensors.ts'

/** A fault, and what the answer says: the code, the JSON pointer if there is one, and the message or words of it. */
type Fault = [request: unknown, code: string, path: string | undefined, message: RegExp | string]

const x = { name: 'x', shape: [2, 1, 3], datatype: 'FP32', data: [1, 2, 3, 4, 5, 6] }
const behind = { name: 'x', shape: [2, 1, 3], datatype: 'FP32', bytes: float32Bytes([1, 2, 3, 4, 5, 6]) }
const inputs = (...list: unknown[]) => ({ inputs: list })
const changed = (changes: object) => inputs({ ...x, ...changes })
const tensor = 'LSTM_ERR_BAD_TENSOR'
const body = 'LSTM_ERR_INVALID_BODY'
const shape = 'LSTM_ERR_SHAPE_MISMATCH'
const invalid = 'LSTM_ERR_INVALID_REQUEST'

const faults: Record<string, Fault[]> = {
  'the request is none': [
    ['', 'LSTM_ERR_MALFORMED_JSON', undefined, /at byte 0/],
    ['[]', body, '', /./],
    ['{"inputs":[}', 'LSTM_ERR_MALFORMED_JSON', undefined, /at byte 11/],
    [{}, body, '/inputs', '/inputs is missing'],
    [{ inputs: {} }, body, '/inputs', '/inputs must be an array'],
    [{ inputs: ['x'] }, body, '/inputs/0', /./],
    [{ ...inputs(x), id: 7 }, body, '/id', /./],
    [{ ...inputs(x), id: ['a'] }, body, '/id', '/id must be a single value'],
    [{ ...inputs(x), parameters: [] }, body, '/parameters', '/parameters must be an object'],
    [
      { ...inputs(x), parameters: { layout: 'x' } },
      body,
      '/parameters/layout',
      /features_first, batch_first, time_first/
    ],
    [{ ...inputs(x), parameters: { sequence_id: [7] } }, invalid, '/parameters/sequence_id', /is an array; expected/],
    [{ ...inputs(x), parameters: { sequence_id: -1 } }, invalid, '/parameters/sequence_id', /is -1; expected/],
    [{ ...inputs(x), parameters: { priority: -1 } }, body, '/parameters/priority', /./],
    [{ ...inputs(x), parameters: { priority: [1] } }, body, '/parameters/priority', /must be a single value/],
    [{ ...inputs(x), parameters: { binary_data_output: 'true' } }, body, '/parameters/binary_data_output', /./],
    [`{"inputs":${'['.repeat(10_000)}`, 'LSTM_ERR_MALFORMED_JSON', undefined, /./]
  ],
  'inputs are not those of the set': [
    [inputs(), tensor, '/inputs', 'x: is missing; expected an input of this name'],
    [inputs({ ...x, name: 'a0' }), tensor, '/inputs', /^x: is missing/],
    [inputs(x, x), tensor, '/inputs/1', 'x: is there twice; expected each input once'],
    [
      inputs(x, { ...x, name: 'h' }),
      tensor,
      '/inputs/1',
      'h: unexpected input; expected x, and a0, c0 and lengths where they are wanted'
    ],
    [changed({ name: '__proto__' }), tensor, '/inputs/0', /^__proto__: unexpected input/],
    [changed({ name: 'constructor' }), tensor, '/inputs/0', /^constructor: unexpected input/],
    [changed({ name: 'n'.repeat(5000) }), tensor, '/inputs/0', /^n{100}…: unexpected input/]
  ],
  'shapes do not fit': [
    [changed({ shape: [3, 1, 2] }), shape, '/inputs/0', 'x has shape (3, 1, 2); expected (n_x, m, T_x) = (2, m, T_x)'],
    [changed({ shape: [6] }), shape, '/inputs/0', 'x has shape (6,); expected (n_x, m, T_x) = (2, m, T_x)'],
    [changed({ shape: [], data: [1] }), shape, '/inputs/0', /x has shape/],
    [changed({ shape: [2, 0, 3], data: [] }), 'LSTM_ERR_EMPTY_AXIS', '/inputs/0', /m must be at least 1/],
    [
      changed({ shape: [2, -1, 3] }),
      tensor,
      '/inputs/0/shape/1',
      'x: shape is (2, -1, 3); expected whole lengths from 0'
    ],
    [changed({ shape: [2, 0.5, 6] }), body, '/inputs/0/shape/1', /./],
    [changed({ shape: [2, [1], 3] }), body, '/inputs/0/shape/1', /./],
    [changed({ shape: 6 }), body, '/inputs/0/shape', /./],
    [changed({ shape: [2, 2 ** 40, 2 ** 40] }), tensor, '/inputs/0/shape', /^x: shape is .*more values than can be/],
    [changed({ shape: [0, 2 ** 53, 2 ** 53], data: [] }), tensor, '/inputs/0/shape/1', /^x: /],
    [changed({ shape: [2, 1, 1e300] }), tensor, '/inputs/0/shape/2', /^x: shape is \(2, 1, 1e\+300\)/],
    [
      changed({ shape: [2, 1, 4] }),
      tensor,
      '/inputs/0/data',
      'x: data has 6 values; expected 8 values of shape (2, 1, 4)'
    ],
    [
      changed({ shape: [2, 1, 2] }),
      tensor,
      '/inputs/0/data',
      'x: data has 6 values; expected 4 values of shape (2, 1, 2)'
    ],
    [
      changed({
        data: [
          [1, 2, 3],
          [4, 5, 6]
        ]
      }),
      tensor,
      '/inputs/0/data',
      'x: data has shape (2, 3); expected 6 values of shape (2, 1, 3)'
    ],
    [
      inputs(x, { name: 'a0', shape: [3, 2], datatype: 'FP32', data: [1, 2, 3, 4, 5, 6] }),
      shape,
      '/inputs/1',
      'a0 has shape (3, 2); expected (n_a, m) = (3, 1)'
    ],
    [
      inputs(x, { name: 'c0', shape: [2, 1], datatype: 'FP32', data: [1, 2] }),
      shape,
      '/inputs/1',
      'c0 has shape (2, 1); expected (n_a, m) = (3, 1)'
    ]
  ],
  'data are none': [
    [
      changed({ data: undefined }),
      tensor,
      '/inputs/0',
      'x: has no values; expected data, or parameters.binary_data_size and bytes behind the JSON'
    ],
    [
      changed({ data: { shape: [2, 1, 3], data: Buffer.from(behind.bytes).toString('base64') } }),
      tensor,
      '/inputs/0/data',
      /^x: expected an array of numbers/
    ],
    [changed({ data: { shape: [] } }), body, '/inputs/0/data', /must be an array/],
    [changed({ data: 'AAAA' }), body, '/inputs/0/data', /./],
    [changed({ data: null }), body, '/inputs/0/data', /./],
    [
      changed({ data: [1, 2, 3, 4, 5, 'x'] }),
      tensor,
      '/inputs/0/data/5',
      '"x" data/5: expected a number, found a string'
    ],
    [changed({ data: [1, 2, true] }), tensor, '/inputs/0/data/2', /^"x" data\/2: expected a number, found a boolean/],
    [changed({ data: [[1, 2], [3]] }), tensor, '/inputs/0/data/1', /^"x" data\/1: has 1 value/],
    [
      '{"inputs":[{"name":"x","data":[1e39]}]}',
      'LSTM_ERR_NON_FINITE',
      '/inputs/0/data/0',
      /^"x" data\/0 is 1e39, which overflows float32/
    ],
    ['{"inputs":[{"data":[1e39]}]}', 'LSTM_ERR_NON_FINITE', '/inputs/0/data/0', /^\/inputs\/0\/data\/0 is 1e39/]
  ],
  'datatypes are not taken': [
    [
      changed({ datatype: 'FP16' }),
      tensor,
      '/inputs/0/datatype',
      'x: FP16 has no form in JSON; expected it as raw bytes behind the JSON, or FP32'
    ],
    [changed({ datatype: 'BF16' }), tensor, '/inputs/0/datatype', /^x: BF16 has no form in JSON/],
    [
      changed({ datatype: 'INT32' }),
      tensor,
      '/inputs/0/datatype',
      'x: datatype is "INT32"; expected FP16, BF16, FP32, FP64'
    ],
    [changed({ datatype: 'BYTES' }), tensor, '/inputs/0/datatype', /"BYTES"/],
    [changed({ datatype: 'toString' }), tensor, '/inputs/0/datatype', /"toString"/],
    [changed({ datatype: undefined }), body, '/inputs/0/datatype', '/inputs/0/datatype is missing'],
    [
      inputs(x, { name: 'lengths', shape: [1], datatype: 'FP32', data: [1] }),
      tensor,
      '/inputs/1/datatype',
      'lengths: datatype is "FP32"; expected INT32, INT64'
    ]
  ],
  'lengths do not fit': [
    [
      inputs(x, { name: 'lengths', shape: [2], datatype: 'INT32', data: [1, 1] }),
      'LSTM_ERR_BAD_LENGTHS',
      '/inputs/1',
      /lengths has 2 values; expected one for each of the m = 1/
    ],
    [
      inputs(x, { name: 'lengths', shape: [1], datatype: 'INT32', data: [4] }),
      'LSTM_ERR_BAD_LENGTHS',
      '/inputs/1/0',
      /lengths\[0\] is 4; expected 1 to T_x = 3/
    ],
    [
      inputs(x, { name: 'lengths', shape: [1], datatype: 'INT32', data: [0] }),
      'LSTM_ERR_BAD_LENGTHS',
      '/inputs/1/0',
      /is 0/
    ],
    [
      inputs(x, { name: 'lengths', shape: [1], datatype: 'INT32', data: [1.5] }),
      tensor,
      '/inputs/1/data/0',
      /lengths: value 0 is 1.5/
    ],
    [
      inputs(x, { name: 'lengths', shape: [1, 1], datatype: 'INT32', data: [1] }),
      tensor,
      '/inputs/1/shape',
      /lengths: has shape \(1, 1\); expected \(m,\)/
    ]
  ],
  'outputs are not those of the set': [
    [
      { ...inputs(x), outputs: [{ name: 'z' }] },
      'LSTM_ERR_NO_SUCH_OUTPUT',
      '/outputs/0',
      /: z cannot be given. It has y, a, c, a_last, c_last, y_last, ft/
    ],
    [
      { ...inputs(x), outputs: [{ name: 'a' }, { name: 'a' }] },
      tensor,
      '/outputs/1',
      'a: is asked for twice; expected each output once'
    ],
    [
      { ...inputs(x), outputs: [{ name: 'layers.1.forward.a' }] },
      'LSTM_ERR_NO_SUCH_OUTPUT',
      '/outputs/0',
      /has one layer/
    ],
    [
      { ...inputs(x), outputs: [{ name: 'y', parameters: { classification: 3 } }] },
      tensor,
      '/outputs/0/parameters/classification',
      /^y: classification is not offered/
    ],
    [
      { ...inputs(x), outputs: [{ name: 'y', parameters: { shared_memory_region: 'r', shared_memory_byte_size: 8 } }] },
      tensor,
      '/outputs/0/parameters/shared_memory_region',
      /^y: shared memory is not offered/
    ],
    [
      inputs({ name: 'x', shape: [2, 1, 3], datatype: 'FP32', parameters: { shared_memory_region: 'r' } }),
      tensor,
      '/inputs/0/parameters/shared_memory_region',
      /^x: shared memory is not offered/
    ],
    [
      { ...inputs(x), outputs: [{ name: 'y', parameters: { datatype: 'FP16' } }] },
      tensor,
      '/outputs/0/parameters/datatype',
      /^y: FP16 has no form in JSON/
    ],
    [
      { ...inputs(x), outputs: [{ name: 'y', parameters: { datatype: 'INT8' } }] },
      body,
      '/outputs/0/parameters/datatype',
      /FP32, FP64, FP16, BF16/
    ],
    [{ ...inputs(x), outputs: 'y' }, body, '/outputs', /./]
  ]
}

for (const [what, each] of Object.entries(faults))
  t.test(what, async (t) => {
    const { ask } = await startService(t)
    await ask({ method: 'PUT', url: '/parameters/p', body: randomSet(1, 2, 3, 2) })
    for (const [request, code, path, message] of each) {
      const { status, json } = await ask({ url: '/v2/models/p/infer', body: request })
      const label = typeof request === 'string' ? request.slice(0, 60) : JSON.stringify(request).slice(0, 100)
      t.equal(status, 400, label)
      t.equal(json.code, code, label)
      t.equal(json.errors?.[0]?.path, path, label)
      if (typeof message === 'string') t.equal(json.error, message, label)
      else t.match(json.error, message, label)
    }
  })

const HEADER = 'inference-header-content-length'
const octets = { 'content-type': 'application/octet-stream' }

t.test('bytes behind the JSON do not fit', async (t) => {
  const { ask } = await startService(t)
  await ask({ method: 'PUT', url: '/parameters/p', body: randomSet(1, 2, 3, 2) })
  const refused = async (sent: Uint8Array, headers: Record<string, string>, code: string, message: RegExp | string) => {
    const answer = await ask({ url: '/v2/models/p/infer', body: sent, headers: { ...octets, ...headers } })
    t.equal(answer.status, 400, String(message))
    t.equal(answer.json.code, code)
    if (typeof message === 'string') t.equal(answer.json.error, message)
    else t.match(answer.json.error, message)
  }
  const good = inferBody({ inputs: [behind] })
  const request = 'LSTM_ERR_INVALID_REQUEST'
  for (const length of ['-1', '1.5', 'x', '', '0x10', '1e2', '9'.repeat(16), '12, 12']) {
    await refused(good.body, { [HEADER]: length }, request, /inference-header-content-length/)
  }
  await refused(
    good.body,
    { [HEADER]: '9'.repeat(15) },
    request,
    /Inference-Header-Content-Length is 9+; expected at most \d+, the length of the body/
  )
  const { [HEADER]: length } = good.headers
  await refused(good.body, { [HEADER]: String(Number(length) - 1) }, 'LSTM_ERR_MALFORMED_JSON', /at byte/)
  await refused(good.body, { [HEADER]: String(Number(length) + 1) }, 'LSTM_ERR_MALFORMED_JSON', /at byte/)
  await refused(good.body, {}, 'LSTM_ERR_MALFORMED_JSON', /at byte/)
  await refused(
    good.body.subarray(0, -1),
    good.headers,
    tensor,
    /^x: expected 24 bytes from byte 0 on behind the JSON, where 23 bytes are/
  )
  await refused(
    Buffer.concat([good.body, Buffer.alloc(1)]),
    good.headers,
    request,
    "25 bytes follow the JSON; expected 24, the sum of the inputs' binary_data_size"
  )
  await refused(Buffer.from('{"inputs":[]}x'), { [HEADER]: '13' }, request, /1 bytes follow the JSON; expected 0/)
  await refused(Buffer.alloc(0), { [HEADER]: '0' }, tensor, /^x: the body has 0 bytes/)

  const with_ = (...list: object[]) => inferBody({ inputs: list as never })
  for (const [list, code, message] of [
    [
      [{ ...behind, shape: [2, 1, 2] }],
      tensor,
      'x: binary_data_size is 24; expected 16 bytes for shape (2, 1, 2) of FP32'
    ],
    [
      [{ ...behind, datatype: 'FP64' }],
      tensor,
      'x: binary_data_size is 24; expected 48 bytes for shape (2, 1, 3) of FP64'
    ],
    [[{ ...behind, datatype: 'FP16' }], tensor, /expected 12 bytes/],
    [[{ ...behind, data: [1] }], tensor, 'x: has both data and binary_data_size; expected one of them'],
    [[behind, behind], tensor, /^x: is there twice/],
    [[{ ...behind, shape: [2, 1, 2 ** 52] }], tensor, /^x: shape is .*more values than can be/],
    [[{ ...behind, shape: [2, -1, -3] }], tensor, /^x: shape is \(2, -1, -3\)/],
    [
      [{ ...behind, bytes: float32Bytes([1, 2, Number.NaN, 4, 5, 6]) }],
      'LSTM_ERR_NON_FINITE',
      'x[0][0][2] is NaN; every value must be a finite float32'
    ],
    [
      [{ ...behind, datatype: 'FP64', bytes: new Uint8Array(Float64Array.of(1, 2, 3, 4, 5, 1e39).buffer) }],
      'LSTM_ERR_NON_FINITE',
      'x[1][0][2] is 1e+39, which overflows float32; every value must be a finite float32'
    ],
    [
      [{ ...behind, datatype: 'FP16', bytes: new Uint8Array(Uint16Array.of(0, 0, 0, 0xfc00, 0, 0).buffer) }],
      'LSTM_ERR_NON_FINITE',
      'x[1][0][0] is -Infinity; every value must be a finite float32'
    ],
    [
      [behind, { name: 'lengths', shape: [1], datatype: 'INT32', bytes: int32Bytes([-3]) }],
      'LSTM_ERR_BAD_LENGTHS',
      'lengths[0] is -3; expected 1 to T_x = 3'
    ]
  ] as const) {
    const { body: sent, headers } = with_(...list)
    await refused(sent, headers, code, message)
  }
  for (const size of [-1, 0.5, '24', true, null, [24]]) {
    const json = JSON.stringify({ inputs: [{ ...x, data: undefined, parameters: { binary_data_size: size } }] })
    await refused(
      Buffer.from(json + ' '.repeat(24)),
      { [HEADER]: String(json.length) },
      body,
      /\/inputs\/0\/parameters\/binary_data_size/
    )
  }
})

t.test('an output that is not finite, or too large for its type, is refused by its name', async (t) => {
  const { ask } = await startService(t)
  const huge = randomSet(1, 1, 1, 1)
  const set = { ...huge, Wy: [[3e38]], by: [[3e38]], bo: [[100]], bi: [[100]], bc: [[100]], bf: [[100]] }
  const file = await ask({ method: 'PUT', url: '/parameters/p?head_activation=linear', body: set })
  t.ok(file.status < 300, JSON.stringify(file.json))
  const input = { name: 'x', shape: [1, 1, 1], datatype: 'FP32', data: [1] }
  const refused = async (parameters: object, message: RegExp) => {
    const answer = await ask({
      url: '/v2/models/p/infer',
      body: { inputs: [input], outputs: [{ name: 'y', parameters }] }
    })
    t.equal(answer.status, 400)
    t.equal(answer.json.code, 'LSTM_ERR_NON_FINITE')
    t.match(answer.json.error, message)
  }
  await refused({}, /^output y\[0\]\[0\]\[0\] is Infinity/)
  await refused({ binary_data: true }, /^output y\[0\]\[0\]\[0\] is Infinity/)
  await ask({ method: 'PUT', url: '/parameters/p?head_activation=linear', body: { ...set, Wy: [[0]], by: [[1e5]] } })
  await refused({ binary_data: true, datatype: 'FP16' }, /^output y\[0\]\[0\]\[0\] is 100000, too large for FP16/)
})
