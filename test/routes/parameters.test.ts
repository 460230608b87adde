import t from 'tap'
import { readNpz } from '../../src/parameters/files/npz.ts'
import { example } from '../fixtures.ts'
import { kernelNames } from '../kernels/kernels.ts'
import { startService } from '../service.ts'
import { float32, random, randomSet, toBase64 } from '../tensors.ts'

const npz = { 'content-type': 'application/x-npz' }

t.test('a set goes in, is described, gives its weights back, and goes', async (t) => {
  const { ask } = await startService(t)
  const arrays = randomSet(1, 3, 5, 2)
  const put = await ask({ method: 'PUT', url: '/parameters/mine', body: arrays })
  t.equal(put.status, 201)
  t.match(put.json, {
    name: 'mine',
    n_x: 3,
    n_a: 5,
    n_y: 2,
    layers: [{ n_x: 3, n_a: 5, stored: 'float32' }],
    precision: 'float32',
    bytes: Number
  })
  t.equal(put.headers.etag, `"${put.json.version}"`)

  const got = await ask({ method: 'GET', url: '/parameters/mine' })
  t.strictSame(got.json, put.json)
  t.equal(got.headers.etag, put.headers.etag)
  t.strictSame((await ask({ method: 'GET', url: '/parameters' })).json, { parameters: [put.json] })

  const weights = await ask({ method: 'GET', url: '/parameters/mine/weights' })
  t.match(weights.headers['content-type'], /^application\/json/)
  t.strictSame(float32(weights.json), arrays, 'float32 in, the same numbers out')
  const base64 = await ask({ method: 'GET', url: '/parameters/mine/weights?encoding=base64' })
  t.strictSame(base64.json.Wf, toBase64(arrays.Wf))
  const file = await ask({ method: 'GET', url: '/parameters/mine/weights', headers: { accept: 'application/x-npz' } })
  t.equal(file.headers['content-disposition'], 'attachment; filename="mine.npz"')

  for (const [body, headers] of [
    [weights.bytes, {}],
    [base64.bytes, {}],
    [file.bytes, npz]
  ] as const) {
    const again = await ask({ method: 'PUT', url: '/parameters/again', body, headers })
    t.equal(again.json.version, put.json.version, 'equal arrays, equal version')
  }

  t.equal((await ask({ method: 'DELETE', url: '/parameters/mine' })).status, 204)
  t.equal((await ask({ method: 'GET', url: '/parameters/mine' })).status, 404)
  t.equal((await ask({ url: '/cell', body: { parameters: 'mine', xt: random(1, [3, 1]) } })).status, 404)
})

for (const kernel of kernelNames)
  for (const precision of ['bfloat16', 'int8'] as const)
    t.test(`recurrent weights as ${precision}: ${kernel}`, async (t) => {
      const { ask } = await startService(t, { kernel })
      const arrays = randomSet(2, 3, 33, 4)
      const full = await ask({ method: 'PUT', url: '/parameters/full', body: arrays })
      t.notOk('deviations' in full.json)
      const put = await ask({ method: 'PUT', url: `/parameters/small?precision=${precision}`, body: arrays })
      t.equal(put.status, 201)
      t.equal(put.json.precision, precision)
      const stored = kernel === 'native'
      t.equal(put.json.layers[0].stored, stored ? precision : 'float32')
      t.equal(put.json.bytes < full.json.bytes, stored)
      t.not(put.json.version, full.json.version)
      for (const { largest, mean } of Object.values<{ largest: number; mean: number }>(put.json.deviations)) {
        t.ok(largest > mean && mean > 0 && largest < 0.1, `${largest}, ${mean}`)
      }
      t.strictSame((await ask({ method: 'GET', url: '/parameters/small' })).json, put.json)

      // what comes back is what was rounded, and putting that in again changes no result
      const weights = (await ask({ method: 'GET', url: '/parameters/small/weights' })).json as Record<
        string,
        number[][]
      >
      const Wa = (W: number[][]) => W.map((row) => row.slice(0, 33))
      const Wx = (W: number[][]) => W.map((row) => row.slice(33))
      for (const name of ['Wf', 'Wi', 'Wc', 'Wo'] as const) {
        t.strictSame(
          Wx(float32(weights)[name] as number[][]),
          Wx(float32(arrays)[name] as number[][]),
          'input weights stay as they are'
        )
        const off = Wa(weights[name]).flatMap((row, u) =>
          row.map((value, k) => Math.abs(value - (arrays[name] as number[][])[u][k]))
        )
        t.ok(Math.max(...off) > 0 && Math.max(...off) < 0.01)
      }
      await ask({ method: 'PUT', url: '/parameters/rounded', body: weights })
      const x = random(3, [3, 2, 9])
      const a = async (parameters: string) =>
        (await ask({ url: '/sequence', body: { parameters, x, outputs: ['a'] } })).json.a.flat(2) as number[]
      const [small, rounded] = [await a('small'), await a('rounded')]
      t.ok(small.every((value, i) => Math.abs(value - rounded[i]) < 1e-6))
    })

t.test('sets are listed by name', async (t) => {
  const { ask } = await startService(t)
  for (const name of ['b', 'C', 'a', '0'])
    await ask({ method: 'PUT', url: `/parameters/${name}`, body: randomSet(1, 1, 1, 1) })
  const { json } = await ask({ method: 'GET', url: '/parameters' })
  t.strictSame(
    json.parameters.map(({ name }: { name: string }) => name),
    ['0', 'C', 'a', 'b']
  )
})

t.test("NumPy's npz, found by its content", async (t) => {
  const service = await startService(t)
  const { ask } = service
  const file = example('digits/parameters.npz')
  for (const contentType of ['application/x-npz', 'application/zip', 'application/octet-stream', 'application/json']) {
    const { status, json } = await ask({
      method: 'PUT',
      url: '/parameters/digits',
      body: file,
      headers: { 'content-type': contentType }
    })
    t.ok(status < 300, contentType)
    t.match(json, { n_x: 8, n_a: 32, n_y: 10 })
  }
  const { app } = service
  const untyped = await app.inject({ method: 'PUT', url: '/parameters/untyped', payload: file })
  t.equal(untyped.statusCode, 201, 'as curl -T sends it')
  const asFile = await ask({
    method: 'PUT',
    url: '/parameters/json',
    body: JSON.stringify(randomSet(1, 1, 1, 1)),
    headers: npz
  })
  t.equal(asFile.status, 201, 'JSON under a type of its own')
  const { bytes } = await ask({
    method: 'GET',
    url: '/parameters/digits/weights',
    headers: { accept: 'application/zip' }
  })
  const [sent, back] = [file, bytes].map((content) => readNpz(content, { maxInflatedBytes: 1e8 }))
  for (const [name, { shape, data }] of sent) {
    t.strictSame(back.get(name)?.shape, shape)
    t.ok(Buffer.from(back.get(name)!.data.buffer).equals(Buffer.from(data.buffer)), `${name} bit for bit`)
  }
})

t.test('biases may be vectors', async (t) => {
  const { ask } = await startService(t)
  const arrays = randomSet(1, 2, 3, 2)
  const flat = Object.fromEntries(
    Object.entries(arrays).map(([name, values]) => [
      name,
      name.startsWith('b') ? (values as number[][]).flat() : values
    ])
  )
  const one = await ask({ method: 'PUT', url: '/parameters/columns', body: arrays })
  const two = await ask({ method: 'PUT', url: '/parameters/vectors', body: flat })
  t.equal(two.status, 201)
  t.equal(two.json.version, one.json.version)
})

t.test('preconditions are honoured', async (t) => {
  const { ask } = await startService(t)
  const [first, second] = [randomSet(1, 1, 1, 1), randomSet(2, 1, 1, 1)]
  const put = (body: unknown, headers: Record<string, string>) =>
    ask({ method: 'PUT', url: '/parameters/p', body, headers })

  t.equal((await put(first, { 'if-match': '*' })).status, 412, 'nothing is there to match')
  const {
    headers: { etag }
  } = await put(first, { 'if-none-match': '*' })
  t.equal((await put(second, { 'if-none-match': '*' })).status, 412, 'created once only')
  t.equal((await put(second, { 'if-none-match': etag })).status, 412)
  const failed = await put(second, { 'if-match': '"0000000000000000"' })
  t.equal(failed.status, 412)
  t.equal(failed.json.detail, `If-Match is "0000000000000000", but the version is ${etag}`)
  t.equal((await put(second, { 'if-match': `W/${etag}` })).status, 412, 'If-Match compares strongly')
  t.equal((await ask({ method: 'GET', url: '/parameters/p' })).headers.etag, etag, 'nothing has changed')

  t.equal((await ask({ method: 'GET', url: '/parameters/p', headers: { 'if-none-match': etag } })).status, 304)
  t.equal(
    (await ask({ method: 'GET', url: '/parameters/p', headers: { 'if-none-match': `"x", W/${etag}` } })).status,
    304
  )
  t.equal((await ask({ method: 'GET', url: '/parameters/p', headers: { 'if-none-match': '"x"' } })).status, 200)
  const weights = await ask({ method: 'GET', url: '/parameters/p/weights' })
  t.equal(
    (await ask({ method: 'GET', url: '/parameters/p/weights', headers: { 'if-none-match': weights.headers.etag } }))
      .status,
    304
  )
  const other = await ask({
    method: 'GET',
    url: '/parameters/p/weights?encoding=base64',
    headers: { 'if-none-match': weights.headers.etag }
  })
  t.equal(other.status, 200, 'another form is another representation')

  const replaced = await put(second, { 'if-match': `"other", ${etag}` })
  t.equal(replaced.status, 200)
  t.not(replaced.headers.etag, etag)
  t.equal((await ask({ method: 'DELETE', url: '/parameters/p', headers: { 'if-match': etag } })).status, 412)
  t.equal(
    (await ask({ method: 'DELETE', url: '/parameters/p', headers: { 'if-match': replaced.headers.etag } })).status,
    204
  )
})

t.test('of two conditional replacements at once, one wins', async (t) => {
  const { ask } = await startService(t)
  const {
    headers: { etag }
  } = await ask({ method: 'PUT', url: '/parameters/p', body: randomSet(0, 1, 1, 1) })
  const answers = await Promise.all(
    [1, 2, 3, 4].map((seed) =>
      ask({ method: 'PUT', url: '/parameters/p', body: randomSet(seed, 1, 1, 1), headers: { 'if-match': etag } })
    )
  )
  t.strictSame(answers.map(({ status }) => status).sort(), [200, 412, 412, 412])
})

t.test('after the answer to a PUT every request sees the new version', async (t) => {
  const { ask } = await startService(t)
  for (let seed = 0; seed < 10; seed++) {
    const { json } = await ask({ method: 'PUT', url: '/parameters/p', body: randomSet(seed, 1, 1, 1) })
    const answers = await Promise.all(
      [1, 2, 3, 4, 5].map((x) => ask({ url: '/cell', body: { parameters: 'p', xt: [[x]] } }))
    )
    for (const answer of answers) t.strictSame(answer.json.parameters, { name: 'p', version: json.version })
  }
})

t.test('requests during replacements get exactly one of the versions', async (t) => {
  const { ask } = await startService(t)
  const sets = [randomSet(1, 4, 8, 2), randomSet(2, 4, 8, 2)]
  const x = random(3, [4, 2, 30])
  const expected = new Map<string, unknown>()
  for (const set of sets) {
    const { json } = await ask({ method: 'PUT', url: '/parameters/p', body: set })
    expected.set(json.version, (await ask({ url: '/sequence', body: { parameters: 'p', x } })).json.a)
  }
  const replacing = (async () => {
    for (let i = 0; i < 20; i++) await ask({ method: 'PUT', url: '/parameters/p', body: sets[i % 2] })
  })()
  for (let i = 0; i < 10; i++) {
    for (const { json } of await Promise.all(
      [1, 2, 3].map(() => ask({ url: '/sequence', body: { parameters: 'p', x } }))
    )) {
      t.strictSame(json.a, expected.get(json.parameters.version))
    }
  }
  await replacing
})
