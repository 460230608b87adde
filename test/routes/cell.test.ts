import t from 'tap'
import { courseCell, largestDifference } from '../fixtures.ts'
import { kernelNames } from '../kernels/kernels.ts'
import { startService } from '../service.ts'
import { fromBase64, random, randomSet, toBase64, transpose } from '../tensors.ts'

const headers = { 'content-type': 'application/json' }

for (const kernel of kernelNames)
  t.test(`POST /cell gives the course's numbers: ${kernel}`, async (t) => {
    const { ask } = await startService(t, { kernel })
    const { parameters, xt, a_prev, c_prev, expected } = courseCell()
    const { status, json, headers } = await ask({
      url: '/cell',
      body: { parameters, xt, a_prev, c_prev, outputs: ['ft', 'it', 'cct', 'ot', 'cache'] }
    })
    t.equal(status, 200)
    t.equal(headers['lstm-kernel'], kernel)
    t.ok(Math.abs(json.a_next[4][0] - -0.66408471) < 3e-7)
    t.ok(Math.abs(json.c_next[2][0] - 0.63267805) < 3e-7)
    t.ok(Math.abs(json.yt_pred[1][0] - 0.79913913) < 3e-7)
    for (const name of ['a_next', 'c_next', 'yt_pred'] as const)
      t.ok(largestDifference(json[name], expected[name]) < 1e-6, name)
    for (const gate of ['ft', 'it', 'cct', 'ot'] as const) {
      t.ok(largestDifference(json[gate], expected.cache[gate]) < 1e-6, gate)
      t.strictSame(json.cache[gate], json[gate])
    }
    t.strictSame(Object.keys(json.cache), [
      'a_next',
      'c_next',
      'a_prev',
      'c_prev',
      'ft',
      'it',
      'cct',
      'ot',
      'xt',
      'parameters'
    ])
    t.strictSame(json.cache.a_next, json.a_next)
    t.ok(largestDifference(json.cache.a_prev, a_prev) < 1e-6)
    t.ok(largestDifference(json.cache.c_prev, c_prev) < 1e-6)
    t.ok(largestDifference(json.cache.xt, xt) < 1e-6)
    t.strictSame(json.cache.parameters, json.parameters)
    t.match(json.parameters, { name: null, version: /^[0-9]{1,19}$/ })
  })

t.test('states that are left out are zeros', async (t) => {
  const { ask } = await startService(t)
  const parameters = randomSet(1, 3, 5, 2)
  const xt = random(2, [3, 4])
  const zeros = Array.from({ length: 5 }, () => [0, 0, 0, 0])
  const without = await ask({ url: '/cell', body: { parameters, xt } })
  const withZeros = await ask({ url: '/cell', body: { parameters, xt, a_prev: zeros, c_prev: zeros } })
  t.strictSame(without.json, withZeros.json)
  t.strictSame(Object.keys(without.json), ['parameters', 'a_next', 'c_next', 'yt_pred'])
})

t.test('base64 in, base64 out, unless asked otherwise', async (t) => {
  const { ask } = await startService(t)
  const parameters = randomSet(3, 2, 3, 2)
  const xt = random(4, [2, 5])
  const nested = (await ask({ url: '/cell', body: { parameters, xt } })).json
  const base64 = (await ask({ url: '/cell', body: { parameters, xt: toBase64(xt) } })).json
  t.strictSame(base64.a_next.shape, [3, 5])
  for (const name of ['a_next', 'c_next', 'yt_pred']) {
    const decoded = fromBase64(base64[name])
    t.ok(largestDifference(decoded, nested[name]) < 1e-7, name)
  }
  const mixed = await ask({ url: '/cell', body: { parameters, xt, a_prev: toBase64(random(5, [3, 5])) } })
  t.type(mixed.json.a_next.data, 'string', 'one tensor in base64 is enough')
  const asked = await ask({ url: '/cell', body: { parameters, xt: toBase64(xt), encoding: 'nested' } })
  t.strictSame(asked.json, nested)
  const other = await ask({ url: '/cell', body: { parameters, xt, encoding: 'base64' } })
  t.strictSame(other.json, base64)
})

t.test('the other layouts have a row for each column', async (t) => {
  const { ask } = await startService(t)
  const parameters = randomSet(6, 3, 4, 2)
  const xt = random(7, [3, 5])
  const a_prev = random(8, [4, 5])
  const c_prev = random(9, [4, 5])
  const outputs = ['cache']
  const featuresFirst = (await ask({ url: '/cell', body: { parameters, xt, a_prev, c_prev, outputs } })).json
  const [xtT, aT, cT] = [xt, a_prev, c_prev].map((tensor) => transpose(tensor, [1, 0]))
  for (const layout of ['batch_first', 'time_first']) {
    const { json } = await ask({ url: '/cell', body: { parameters, xt: xtT, a_prev: aT, c_prev: cT, outputs, layout } })
    for (const name of ['a_next', 'c_next', 'yt_pred'])
      t.strictSame(json[name], transpose(featuresFirst[name], [1, 0]), `${layout} ${name}`)
    for (const name of ['a_prev', 'ft', 'xt'])
      t.strictSame(json.cache[name], transpose(featuresFirst.cache[name], [1, 0]), `${layout} ${name}`)
  }
})

t.test('a body in pieces and a charset are fine', async (t) => {
  const { ask } = await startService(t)
  const parameters = randomSet(1, 1, 1, 1)
  const { status } = await ask({
    url: '/cell',
    body: ` \n\t${JSON.stringify({ parameters, xt: [[1]] })}\r\n`,
    headers: { ...headers, 'content-type': 'application/json; charset=utf-8' }
  })
  t.equal(status, 200)
})
