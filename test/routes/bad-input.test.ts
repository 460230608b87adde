import { deflateRawSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { writeZip } from '../../src/parameters/files/zip-writer.ts'
import { example, fixture } from '../fixtures.ts'
import { type Service, startService } from '../service.ts'
import { random, randomSet, toBase64 } from '../tensors.ts'

/** A fault, and what the answer must say: the code, the JSON pointer if there is one, and words of the message. */
type Fault = [body: unknown, code: string, path: string | undefined, message: RegExp | string]

const good = { n_x: 2, n_a: 3, n_y: 2 }
const set = randomSet(1, good.n_x, good.n_a, good.n_y)
const float32Base64 = (values: number[]) => Buffer.from(Float32Array.from(values).buffer).toString('base64')

async function withSet(t: Test): Promise<Service> {
  const service = await startService(t)
  await service.ask({ method: 'PUT', url: '/parameters/good', body: set })
  return service
}

async function checkFaults(
  t: Test,
  service: Service,
  url: string,
  faults: readonly Fault[],
  status = 400
): Promise<void> {
  for (const [body, code, path, message] of faults) {
    const answer = await service.ask({ url, body })
    const label = typeof body === 'string' ? body.slice(0, 60) : JSON.stringify(body).slice(0, 60)
    t.equal(answer.status, status, label)
    t.equal(answer.json.code, code, label)
    t.equal(answer.json.errors?.[0]?.path, path, label)
    if (typeof message === 'string') t.equal(answer.json.detail, message, label)
    else t.match(answer.json.detail, message, label)
  }
}

t.test('malformed JSON is answered with the position', async (t) => {
  const service = await withSet(t)
  const json = 'LSTM_ERR_MALFORMED_JSON'
  await checkFaults(t, service, '/cell', [
    ['', json, undefined, 'malformed JSON at byte 0: expected a value, found end of input'],
    ['{', json, undefined, /at byte 1: expected/],
    ['{"parameters":"good","xt":[[1],[2]', json, undefined, /at byte 34: .*end of input/],
    ['{"parameters":"good","xt":[[1],[2]]}}', json, undefined, /at byte 36/],
    ['{"xt":[[1,]]}', json, undefined, /at byte 10/],
    ['{"xt":[[01]]}', json, undefined, /at byte 9/],
    ['{"xt":[[NaN]]}', json, undefined, /at byte 8/],
    ["{'xt':1}", json, undefined, /at byte 1/],
    [`{"xt":${'['.repeat(100_000)}`, json, undefined, /32/]
  ])
})

t.test('what is not a tensor is answered with a JSON pointer', async (t) => {
  const service = await withSet(t)
  const x = (value: unknown) => ({ parameters: 'good', x: value })
  const tensor = 'LSTM_ERR_BAD_TENSOR'
  await checkFaults(t, service, '/sequence', [
    [x([[[1, 2], [1]]]), tensor, '/x/0/1', /1 values?.*2/],
    [
      x([
        [[1, 2]],
        [
          [1, 2],
          [3, 4]
        ]
      ]),
      tensor,
      '/x/1',
      /2 values?.*1/
    ],
    [x([[[1, 2]], [1]]), tensor, '/x/1/0', /number/],
    [x([[[1, '2']]]), tensor, '/x/0/0/1', /string/],
    [x([[[1, null]]]), tensor, '/x/0/0/1', /null/],
    [x([[[true]]]), tensor, '/x/0/0/0', /true|boolean/],
    [x([[[{}]]]), tensor, '/x/0/0/0', /object/],
    [{ ...x([[[1]], [[1]]]), a0: [[1], ['x'], [1]] }, tensor, '/a0/1/0', /string/],
    [
      {
        parameters: {
          ...set,
          Wi: [
            [1, 2, 3, 4, 5],
            [1, 2, 3, 4, null]
          ]
        },
        x: [[[1]], [[1]]]
      },
      tensor,
      '/parameters/Wi/1/4',
      /null/
    ],
    ['{"parameters":"good","x":[[[1e39]],[[1]]]}', 'LSTM_ERR_NON_FINITE', '/x/0/0/0', /overflows float32/],
    ['{"parameters":"good","x":[[[0]],[[-1e400]]]}', 'LSTM_ERR_NON_FINITE', '/x/1/0/0', /overflows float32/]
  ])
})

t.test('base64 that is not float32 values', async (t) => {
  const service = await withSet(t)
  const x = (shape: unknown, data: unknown) => ({ parameters: 'good', x: { shape, data } })
  const base64 = 'LSTM_ERR_BAD_BASE64'
  const two = float32Base64([1, 2])
  await checkFaults(t, service, '/sequence', [
    [x([2, 1, 1], two.slice(0, -1)), base64, '/x/data', /multiple of 4 characters, found 11/],
    [x([2, 1, 1], `${two.slice(0, 4)}*${two.slice(5)}`), base64, '/x/data', /4/],
    [x([2, 1, 1], two.replace(/.$/, '-')), base64, '/x/data', /./],
    [x([2, 1, 2], two), base64, '/x/data', /16.*8|8.*16/],
    [x([1, 1, 1], two), base64, '/x/data', /4.*8|8.*4/],
    [x([2, 1, 1], 5), 'LSTM_ERR_BAD_TENSOR', '/x/data', /string/],
    [x([2, -1, 1], two), 'LSTM_ERR_BAD_TENSOR', '/x/shape/1', /./],
    [x([2, 0.5, 1], two), 'LSTM_ERR_BAD_TENSOR', '/x/shape/1', /./],
    [x('2,1,1', two), 'LSTM_ERR_BAD_TENSOR', '/x/shape', /./],
    [x([2, 1, 1], float32Base64([1, Number.NaN])), 'LSTM_ERR_NON_FINITE', '/x/data', /x\[1\]\[0\]\[0\].*NaN/],
    [x([2, 1, 1], float32Base64([-Infinity, 1])), 'LSTM_ERR_NON_FINITE', '/x/data', /x\[0\]\[0\]\[0\].*Infinity/]
  ])
})

t.test('shapes that disagree with the set or with each other', async (t) => {
  const service = await withSet(t)
  const mismatch = 'LSTM_ERR_SHAPE_MISMATCH'
  const x = random(1, [2, 4, 3])
  await checkFaults(t, service, '/sequence', [
    [
      { parameters: 'good', x: random(1, [3, 4, 3]) },
      mismatch,
      '/x',
      'x has shape (3, 4, 3); expected (n_x, m, T_x) = (2, m, T_x)'
    ],
    [
      { parameters: 'good', x: random(1, [2, 4]) },
      mismatch,
      '/x',
      'x has shape (2, 4); expected (n_x, m, T_x) = (2, m, T_x)'
    ],
    [
      { parameters: 'good', x, layout: 'batch_first' },
      mismatch,
      '/x',
      'x has shape (2, 4, 3); expected (m, T_x, n_x) = (m, T_x, 2)'
    ],
    [
      { parameters: 'good', x, a0: random(1, [3, 5]) },
      mismatch,
      '/a0',
      'a0 has shape (3, 5); expected (n_a, m) = (3, 4)'
    ],
    [
      { parameters: 'good', x, c0: random(1, [2, 4]) },
      mismatch,
      '/c0',
      'c0 has shape (2, 4); expected (n_a, m) = (3, 4)'
    ],
    [
      { parameters: { ...set, bc: random(1, [4, 1]) }, x },
      mismatch,
      '/parameters/bc',
      'parameters.bc has shape (4, 1); expected (n_a, 1) = (3, 1)'
    ],
    [
      { parameters: 'good', x: [[[]], [[]]] },
      'LSTM_ERR_EMPTY_AXIS',
      '/x',
      'x has shape (2, 1, 0); T_x must be at least 1'
    ],
    [{ parameters: 'good', x: [[], []] }, mismatch, '/x', /\(2, 0\)/],
    [
      { parameters: 'good', x: { shape: [2, 0, 3], data: '' } },
      'LSTM_ERR_EMPTY_AXIS',
      '/x',
      'x has shape (2, 0, 3); m must be at least 1'
    ]
  ])
  await checkFaults(t, service, '/cell', [
    [{ parameters: 'good', xt: [[1], [2], [3]] }, mismatch, '/xt', 'xt has shape (3, 1); expected (n_x, m) = (2, m)'],
    [
      { parameters: 'good', xt: [[1], [2]], a_prev: [[1], [2]] },
      mismatch,
      '/a_prev',
      'a_prev has shape (2, 1); expected (n_a, m) = (3, 1)'
    ],
    [{ parameters: 'good', xt: [[1], [2]], c_prev: [[1, 2, 3]] }, mismatch, '/c_prev', /c_prev has shape \(1, 3\)/],
    [{ parameters: 'good', xt: [[], []] }, 'LSTM_ERR_EMPTY_AXIS', '/xt', 'xt has shape (2, 0); m must be at least 1']
  ])
})

t.test('lengths outside 1 to T_x, or not one for each column', async (t) => {
  const service = await withSet(t)
  const x = random(1, [2, 3, 4])
  const body = (lengths: unknown) => ({ parameters: 'good', x, lengths })
  await checkFaults(t, service, '/sequence', [
    [
      body([1, 2]),
      'LSTM_ERR_BAD_LENGTHS',
      '/lengths',
      'lengths has 2 values; expected one for each of the m = 3 columns'
    ],
    [body([1, 5, 9]), 'LSTM_ERR_BAD_LENGTHS', '/lengths/1', 'lengths[1] is 5; expected 1 to T_x = 4'],
    [body([1, 0, 1]), 'LSTM_ERR_INVALID_BODY', '/lengths/1', /lengths\/1/],
    [body([1, 1.5, 1]), 'LSTM_ERR_INVALID_BODY', '/lengths/1', /integer/],
    [body('all'), 'LSTM_ERR_INVALID_BODY', '/lengths', /array/],
    [body(null), 'LSTM_ERR_INVALID_BODY', '/lengths', /array/]
  ])
})

t.test('unknown names, outputs, layouts and fields', async (t) => {
  const service = await withSet(t)
  const x = random(1, [2, 1, 1])
  const invalid = 'LSTM_ERR_INVALID_BODY'
  await checkFaults(t, service, '/sequence', [
    [{ parameters: 'good', x, outputs: ['b'] }, invalid, '/outputs/0', /One of a, y, c, a_last, c_last, ft/],
    [
      { parameters: 'good', x, layout: 'fortran' },
      invalid,
      '/layout',
      /one of features_first, batch_first, time_first/
    ],
    [{ parameters: 'good', x, steps: 'some' }, invalid, '/steps', /one of all, last/],
    [{ parameters: 'good', x, encoding: 'hex' }, invalid, '/encoding', /one of nested, base64/],
    [{ parameters: 'good', x, xt: [[1]] }, invalid, '/xt', '/xt is not a known field'],
    [
      `{"parameters":"good","x":[[[1]],[[1]]],"__proto__":{"layout":"batch_first"}}`,
      invalid,
      '/__proto__',
      /not a known field/
    ],
    [{ parameters: 'good' }, invalid, '/x', '/x is missing'],
    [{ x }, invalid, '/parameters', '/parameters is missing'],
    [{ parameters: 'a b', x }, invalid, '/parameters', /1 to 64 of A-Z/],
    [{ parameters: 'x'.repeat(65), x }, invalid, '/parameters', /1 to 64 of A-Z/],
    [{ parameters: 5, x }, invalid, '/parameters', /name of a parameter set, or the ten arrays/i],
    [{ parameters: { Wf: [[1]] }, x }, invalid, '/parameters/bf', /is missing/],
    [{ parameters: { ...set, Wz: [[1]] }, x }, invalid, '/parameters/Wz', /not a known field/],
    [{ parameters: 'good', x: 'x' }, invalid, '/x', /nested arrays of numbers, or/],
    [[], invalid, '', /must be object/],
    ['"x"', invalid, '', /must be object/]
  ])
  await checkFaults(
    t,
    service,
    '/sequence',
    [[{ parameters: 'none', x }, 'LSTM_ERR_PARAMETER_SET_NOT_FOUND', '/parameters', /no parameter set "none"/]],
    404
  )
})

t.test('a computation that would need too much memory is refused before it begins', async (t) => {
  const service = await startService(t, { maxJobValues: 1000 })
  const small = { parameters: set, x: random(1, [2, 1, 20]) }
  t.equal((await service.ask({ url: '/sequence', body: small })).status, 200)
  const { status, json } = await service.ask({ url: '/sequence', body: { ...small, x: random(1, [2, 1, 200]) } })
  t.equal(status, 400)
  t.equal(json.code, 'LSTM_ERR_JOB_TOO_LARGE')
  t.match(json.detail, /hold 2006 values; the limit is 1000 \(LSTM_MAX_JOB_VALUES\)/)
})

t.test('a PUT that fails says why and leaves the old set in place', async (t) => {
  const service = await withSet(t)
  const { json: before } = await service.ask({ method: 'GET', url: '/parameters/good' })
  const { Wf: _, ...withoutWf } = set
  const npz = example('digits/parameters.npz')
  const bomb = writeZip([['Wf.npy', new Uint8Array(10)]])
  const faults: [unknown, string, string | undefined, RegExp][] = [
    [withoutWf, 'LSTM_ERR_INVALID_PARAMETER_SET', undefined, /missing: Wf$/],
    [{ ...set, Wz: [[1]] }, 'LSTM_ERR_INVALID_PARAMETER_SET', undefined, /not known: Wz$/],
    [
      { ...set, Wi: random(1, [3, 4]) },
      'LSTM_ERR_SHAPE_MISMATCH',
      '/Wi',
      /^Wi has shape \(3, 4\); expected \(n_a, n_a \+ n_x\) = \(3, 5\)$/
    ],
    [{ ...set, by: random(1, [1, 2]) }, 'LSTM_ERR_SHAPE_MISMATCH', '/by', /^by has shape/],
    [{ ...set, by: 'x' }, 'LSTM_ERR_BAD_TENSOR', '/by', /nested arrays/],
    [{ ...set, by: { shape: [2, 1], data: float32Base64([1, Number.NaN]) } }, 'LSTM_ERR_NON_FINITE', '/by/data', /NaN/],
    ['{"Wf":[[1', 'LSTM_ERR_MALFORMED_JSON', undefined, /end of input/],
    ['', 'LSTM_ERR_UNREADABLE_FILE', undefined, /the file is empty/],
    ['GIF89a', 'LSTM_ERR_UNREADABLE_FILE', undefined, /none of JSON, npz, safetensors/],
    [npz.subarray(0, npz.length / 2), 'LSTM_ERR_UNREADABLE_FILE', undefined, /cut off/],
    [bomb, 'LSTM_ERR_UNREADABLE_FILE', undefined, /Wf/],
    [fixture('npz/refused_object.npz'), 'LSTM_ERR_UNREADABLE_FILE', undefined, /pickle/]
  ]
  for (const [body, code, path, message] of faults) {
    const { status, json } = await service.ask({ method: 'PUT', url: '/parameters/good', body })
    t.equal(status, 400, String(message))
    t.equal(json.code, code, String(message))
    t.equal(json.errors?.[0]?.path, path, String(message))
    t.match(json.detail, message)
    t.strictSame((await service.ask({ method: 'GET', url: '/parameters/good' })).json, before)
  }
})

t.test('a zip that inflates past the limit is refused', async (t) => {
  const service = await startService(t, { maxParametersBytes: 1_000_000 })
  const zeros = deflateRawSync(new Uint8Array(100_000_000), { level: 9 })
  const { status, json } = await service.ask({
    method: 'PUT',
    url: '/parameters/bomb',
    body: deflatedZip('Wf.npy', zeros, 100_000_000),
    headers: { 'content-type': 'application/x-npz' }
  })
  t.equal(status, 400)
  t.equal(json.code, 'LSTM_ERR_UNREADABLE_FILE')
  t.match(json.detail, /1000000/)
})

t.test('names of parameter sets', async (t) => {
  const { ask } = await startService(t)
  for (const name of ['.hidden', '-x', '_x', 'x'.repeat(65), 'a%20b', '%C3%A9', 'a%2Fb', 'y'.repeat(300)]) {
    for (const method of ['GET', 'PUT', 'DELETE'] as const) {
      const answer = await ask({
        method,
        url: `/parameters/${name}`,
        ...(method === 'PUT' ? { body: set } : {})
      })
      t.equal(answer.status, 400, `${method} ${name}`)
      t.equal(answer.json.code, 'LSTM_ERR_INVALID_NAME')
    }
  }
  for (const name of ['a', '0', 'A.b_c-d', 'x'.repeat(64)]) {
    t.equal((await ask({ method: 'PUT', url: `/parameters/${name}`, body: set })).status, 201, name)
  }
})

t.test('nothing of all this ends a worker', async (t) => {
  const { app, ask } = await withSet(t)
  for (const body of ['{', '{"parameters":"good","xt":5}', '{"parameters":"good","xt":[[1],[null]]}', '[]']) {
    for (let i = 0; i < 25; i++) await ask({ url: '/cell', body })
  }
  t.equal(app.pool.workers, 2)
  t.equal(app.pool.pending, 0)
  t.equal((await ask({ url: '/cell', body: { parameters: 'good', xt: toBase64([[1], [2]]) } })).status, 200)
})

/** A zip of one deflated entry that declares a size. */
function deflatedZip(name: string, deflated: Uint8Array, size: number): Buffer {
  const fields = Buffer.alloc(26)
  fields.writeUInt16LE(20, 0)
  fields.writeUInt16LE(8, 4)
  fields.writeUInt32LE(deflated.length, 14)
  fields.writeUInt32LE(size, 18)
  fields.writeUInt16LE(name.length, 22)
  const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, Buffer.from(name), deflated])
  const central = Buffer.concat([
    Buffer.from('PK\x01\x02\x14\0', 'latin1'),
    fields,
    Buffer.alloc(14),
    Buffer.from(name)
  ])
  const end = Buffer.alloc(18)
  end.writeUInt16LE(1, 4)
  end.writeUInt16LE(1, 6)
  end.writeUInt32LE(central.length, 8)
  end.writeUInt32LE(local.length, 12)
  return Buffer.concat([local, central, Buffer.from('PK\x05\x06', 'latin1'), end])
}
