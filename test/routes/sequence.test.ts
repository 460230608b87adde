import t from 'tap'
import { courseSequence, largestDifference } from '../fixtures.ts'
import { kernelNames } from '../kernels/kernels.ts'
import { startService } from '../service.ts'
import { flatten, random, randomSet, shapeOf, toBase64, transpose } from '../tensors.ts'

for (const kernel of kernelNames)
  t.test(`POST /sequence gives the course's numbers: ${kernel}`, async (t) => {
    const { ask } = await startService(t, { kernel })
    const { parameters, x, a0, expected } = courseSequence()
    const { status, json } = await ask({ url: '/sequence', body: { parameters, x, a0 } })
    t.equal(status, 200)
    t.strictSame(Object.keys(json), ['parameters', 'a', 'y', 'c'])
    t.ok(Math.abs(json.a[4][3][6] - 0.172117767533) < 3e-7)
    t.ok(Math.abs(json.y[1][4][3] - 0.95087346185) < 3e-7)
    t.ok(Math.abs(json.c[1][2][1] - -0.855544916718) < 3e-7)
    for (const name of ['a', 'y', 'c'] as const) t.ok(largestDifference(json[name], expected[name]) < 1e-6, name)

    const { json: more } = await ask({
      url: '/sequence',
      body: { parameters, x, a0, outputs: ['caches', 'ft', 'it', 'cct', 'ot', 'a_last', 'c_last'] }
    })
    t.strictSame(Object.keys(more), ['parameters', 'caches', 'ft', 'it', 'cct', 'ot', 'a_last', 'c_last'])
    for (const gate of ['ft', 'it', 'cct', 'ot'] as const) {
      t.ok(largestDifference(more[gate], expected.caches[gate]) < 1e-6, gate)
      t.strictSame(more.caches[gate], more[gate])
    }
    const last = (tensor: number[][][]) => tensor.map((rows) => rows.map((values) => values[6]))
    t.strictSame(more.a_last, last(json.a))
    t.strictSame(more.c_last, last(json.c))
    t.strictSame(Object.keys(more.caches), [
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
    t.strictSame(more.caches.a_next, json.a)
    t.ok(largestDifference(more.caches.xt, x) < 1e-6)
    for (const [prev, next] of [
      ['a_prev', json.a],
      ['c_prev', json.c]
    ] as const) {
      const shifted = more.caches[prev].map((rows: number[][]) => rows.map((values) => values.slice(1)))
      t.strictSame(
        shifted,
        next.map((rows: number[][]) => rows.map((values) => values.slice(0, -1))),
        prev
      )
    }
  })

t.test('lengths: past the end is 0, the last step is the last real one', async (t) => {
  const { ask } = await startService(t)
  const parameters = randomSet(1, 3, 4, 2)
  const x = random(2, [3, 4, 6]) as number[][][]
  const [a0, c0] = [random(3, [4, 4]), random(4, [4, 4])]
  const lengths = [2, 6, 1, 4]
  const outputs = ['a', 'y', 'c', 'ft', 'it', 'cct', 'ot', 'a_last', 'c_last', 'caches']
  const { json } = await ask({ url: '/sequence', body: { parameters, x, a0, c0, lengths, outputs } })
  for (const [j, length] of lengths.entries()) {
    const column = (tensor: unknown, first: number, end: number) =>
      (tensor as number[][][]).map((rows) => [rows[j].slice(first, end)])
    const state = (tensor: unknown) => (tensor as number[][]).map((row) => [row[j]])
    const alone = (
      await ask({
        url: '/sequence',
        body: { parameters, x: column(x, 0, length), a0: state(a0), c0: state(c0), outputs }
      })
    ).json
    const pairs: [unknown, unknown, string][] = [
      ...['a', 'y', 'c', 'ft', 'it', 'cct', 'ot'].map((name): [unknown, unknown, string] => [
        json[name],
        alone[name],
        name
      ]),
      ...['a_next', 'c_next', 'a_prev', 'c_prev', 'ft', 'xt'].map((name): [unknown, unknown, string] => [
        json.caches[name],
        alone.caches[name],
        `caches.${name}`
      ])
    ]
    for (const [batched, single, name] of pairs) {
      t.strictSame(column(batched, 0, length), single, `${name} of column ${j}`)
      t.ok(
        flatten(column(batched, length, 6)).every((value) => value === 0),
        `${name} of column ${j} past its end`
      )
    }
    t.strictSame(state(json.a_last), alone.a_last)
    t.strictSame(state(json.c_last), alone.c_last)
  }
})

t.test('steps: last gives the last real step without the time axis', async (t) => {
  const { ask } = await startService(t)
  const parameters = randomSet(5, 2, 3, 4)
  const x = random(6, [2, 5, 4])
  for (const lengths of [undefined, [4, 1, 3, 1, 2]]) {
    const body = { parameters, x, ...(lengths === undefined ? {} : { lengths }) }
    const outputs = ['a', 'y', 'c', 'ft', 'it', 'cct', 'ot', 'a_last', 'c_last', 'caches']
    const all = (await ask({ url: '/sequence', body: { ...body, outputs } })).json
    const last = (await ask({ url: '/sequence', body: { ...body, outputs, steps: 'last' } })).json
    const pick = (tensor: number[][][]) =>
      tensor.map((rows) => rows.map((values, j) => values[(lengths?.[j] ?? 4) - 1]))
    for (const name of ['a', 'y', 'c', 'ft', 'it', 'cct', 'ot']) t.strictSame(last[name], pick(all[name]), name)
    t.strictSame(last.a_last, last.a)
    t.strictSame(last.caches.a_prev, pick(all.caches.a_prev))
    t.strictSame(last.caches.xt, pick(all.caches.xt))
    t.strictSame(shapeOf(last.y), [4, 5])
  }
})

t.test('layouts are transposes of each other', async (t) => {
  const { ask } = await startService(t)
  const parameters = randomSet(7, 3, 4, 2)
  const x = random(8, [3, 5, 6])
  const [a0, c0] = [random(9, [4, 5]), random(10, [4, 5])]
  const lengths = [6, 2, 5, 1, 6]
  const outputs = ['a', 'y', 'c_last', 'ot']
  for (const encoding of ['nested', 'base64'] as const) {
    const send = (tensor: unknown) => (encoding === 'base64' ? toBase64(tensor) : tensor)
    const ask3 = async (layout: string, order: number[]) => {
      const state = layout === 'features_first' ? [0, 1] : [1, 0]
      const body = {
        parameters,
        layout,
        lengths,
        outputs,
        encoding: 'nested',
        x: send(transpose(x, order)),
        a0: send(transpose(a0, state)),
        c0: send(transpose(c0, state))
      }
      return (await ask({ url: '/sequence', body })).json
    }
    const features = await ask3('features_first', [0, 1, 2])
    const batch = await ask3('batch_first', [1, 2, 0])
    const time = await ask3('time_first', [2, 1, 0])
    for (const name of ['a', 'y', 'ot']) {
      t.strictSame(batch[name], transpose(features[name], [1, 2, 0]), `batch_first ${name}`)
      t.strictSame(time[name], transpose(features[name], [2, 1, 0]), `time_first ${name}`)
    }
    t.strictSame(batch.c_last, transpose(features.c_last, [1, 0]))
    t.strictSame(time.c_last, transpose(features.c_last, [1, 0]))
  }
})

t.test('outputs may be none, and each only once', async (t) => {
  const { ask } = await startService(t)
  const parameters = randomSet(11, 1, 1, 1)
  const none = await ask({ url: '/sequence', body: { parameters, x: [[[1]]], outputs: [] } })
  t.strictSame(Object.keys(none.json), ['parameters'])
  const twice = await ask({ url: '/sequence', body: { parameters, x: [[[1]]], outputs: ['a', 'a'] } })
  t.equal(twice.status, 400)
  t.equal(twice.json.errors[0].path, '/outputs')
})
