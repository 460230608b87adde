import t from 'tap'
import { directionsOf, type Model } from '../../src/lstm/model.ts'
import { exportModel } from '../../src/parameters/exporters/export-model.ts'
import { largestDifference } from '../fixtures.ts'
import { kernelNames } from '../kernels/kernels.ts'
import { forwardOf } from '../model-forward.ts'
import { randomModel, randomModels } from '../random-model.ts'
import { type Service, startService } from '../service.ts'
import { random, transpose } from '../tensors.ts'

/** Models of every kind, put in as JSON, against the equations in float64. */

const LIMIT = 1e-5
const T_x = 7
const lengths = [4, 7, 1, 6]
const m = lengths.length

type Matrix = number[][]
type Tensor3 = number[][][]

const put = ({ ask }: Service, model: Model, name = 'p') =>
  ask({ method: 'PUT', url: `/parameters/${name}`, body: exportModel(model, 'json') })

const directions = (model: Model) => model.layers.flatMap((layer) => directionsOf(layer))

/** (n, m) states of each layer and direction. */
function randomStates(model: Model): { a: Matrix[]; c: Matrix[] } {
  const each = directions(model)
  return {
    a: each.map(([, { n_h }], i) => random(50 + i, [n_h, m]) as Matrix),
    c: each.map(([, { n_a }], i) => random(90 + i, [n_a, m]) as Matrix)
  }
}

/** As the service takes them: alone, with a leading axis, or below each other where widths differ. */
function stacked(states: Matrix[]): unknown {
  if (states.length === 1) return states[0]
  return states.every(({ length }) => length === states[0].length) ? states : states.flat()
}

/** The whole by the equations: tensors (n, m, T_x), and the last states of each layer and direction (n, m). */
function computed(model: Model, x: Tensor3, states: { a: Matrix[]; c: Matrix[] }) {
  const columns = lengths.map((length, j) => {
    const rows = Array.from({ length: T_x }, (_, t) => x.map((feature) => feature[j][t]))
    const initial = states.a.map((a, k) => ({ h: a.map((unit) => unit[j]), c: states.c[k].map((unit) => unit[j]) }))
    return forwardOf(model, rows, length, initial)
  })
  const overTime = (of: 'a' | 'y') =>
    columns[0][of][0].map((_, i) => columns.map((column) => column[of].map((values) => values[i]))) as Tensor3
  const last = (of: 'h' | 'c') =>
    states.a.map((_, k) => columns[0].last[k][of].map((_, i) => columns.map((column) => column.last[k][of][i])))
  return {
    a: overTime('a'),
    ...(model.head && { y: overTime('y') }),
    a_last: last('h'),
    c_last: last('c'),
    top: columns.map((column) => column.last.slice(-directionsOf(model.layers[model.layers.length - 1]).length))
  }
}

for (const kernel of kernelNames)
  t.test(`models of every kind compute what their equations say: ${kernel}`, async (t) => {
    const service = await startService(t, { kernel })
    for (const [name, model] of Object.entries(randomModels)) {
      t.equal((await put(service, model)).status < 300, true)
      const n_x = directions(model)[0][1].n_x
      const x = random(7, [n_x, m, T_x]) as Tensor3
      const states = randomStates(model)
      const expected = computed(model, x, states)
      const headed = model.head === undefined ? [] : ['y']
      const body = { parameters: 'p', x, a0: stacked(states.a), c0: stacked(states.c), lengths }
      const close = (what: string, got: unknown, wanted: unknown) => {
        const difference = largestDifference(got, wanted)
        t.ok(difference <= LIMIT, `${name}, ${what}: off by ${difference}`)
      }

      const whole = await service.ask({
        url: '/sequence',
        body: { ...body, outputs: ['a', ...headed, 'a_last', 'c_last'] }
      })
      close('a', whole.json.a, expected.a)
      close('a_last', whole.json.a_last, stacked(expected.a_last))
      close('c_last', whole.json.c_last, stacked(expected.c_last))
      if (model.head !== undefined) close('y', whole.json.y, expected.y)

      // the last steps: each direction's state after the last step that it makes, and the head on these
      const last = await service.ask({ url: '/sequence', body: { ...body, steps: 'last' } })
      const top = (of: 'h' | 'c') =>
        transpose(
          expected.top.map((column) => column.flatMap((state) => state[of])),
          [1, 0]
        )
      close('last a', last.json.a, top('h'))
      close('last c', last.json.c, top('c'))
      if (model.head !== undefined) {
        const { head } = model
        const one = expected.top.map((column) => {
          const a = column.flatMap(({ h }) => h)
          const identity: Model = { layers: [], head }
          return forwardOf(identity, [a]).y[0]
        })
        close('last y', last.json.y, transpose(one, [1, 0]))
      }
      t.strictSame(
        Object.keys(last.json),
        ['parameters', 'a', ...headed, 'c'],
        'the default has y where there is a head'
      )
    }
  })

t.test('the states and gates of each layer and direction can be asked for', async (t) => {
  const service = await startService(t)
  const model = randomModels.bidirectional
  await put(service, model)
  const x = random(3, [2, 2, 5]) as Tensor3
  const members = ['a', 'c', 'ft', 'it', 'cct', 'ot']
  const names = [0, 1].flatMap((k) =>
    ['forward', 'reverse'].flatMap((direction) => members.map((member) => `layers.${k}.${direction}.${member}`))
  )
  const ask = (body: object) => service.ask({ url: '/sequence', body: { parameters: 'p', x, ...body } })
  const { json } = await ask({ outputs: ['a', 'c', ...names], lengths: [3, 5] })
  const both = (k: number, member: string) =>
    [...json[`layers.${k}.forward.${member}`], ...json[`layers.${k}.reverse.${member}`]] as Tensor3
  t.strictSame(both(1, 'a'), json.a, 'a is the top')
  t.strictSame(both(1, 'c'), json.c)

  // the cell's equation, at the time step that each value is given for
  for (const k of [0, 1]) {
    for (const direction of ['forward', 'reverse']) {
      const of = (member: string) => json[`layers.${k}.${direction}.${member}`] as Tensor3
      const [back, first] = direction === 'forward' ? [-1, () => 0] : [1, (j: number) => [3, 5][j] - 1]
      for (const [j, length] of [3, 5].entries()) {
        for (let t_ = 0; t_ < 5; t_++) {
          const before = t_ === first(j) ? 0 : of('c')[0][j][t_ + back]
          const c = of('ft')[0][j][t_] * before + of('it')[0][j][t_] * of('cct')[0][j][t_]
          const a = of('ot')[0][j][t_] * Math.tanh(of('c')[0][j][t_])
          if (t_ >= length) t.equal(of('ft')[0][j][t_], 0, 'nothing past the end')
          else if (Math.abs(c - of('c')[0][j][t_]) > 1e-6) t.fail(`${k} ${direction}: c of step ${t_} is off`)
          else if (Math.abs(a - of('a')[0][j][t_]) > 1e-6) t.fail(`${k} ${direction}: a of step ${t_} is off`)
        }
      }
    }
  }

  // what a layer gives is what the next one would give alone, fed with it
  const upper: Model = { ...model, layers: [model.layers[1]] }
  await put(service, upper, 'upper')
  const alone = await service.ask({
    url: '/sequence',
    body: { parameters: 'upper', x: both(0, 'a'), lengths: [3, 5], outputs: ['a'] }
  })
  t.strictSame(alone.json.a, json.a, 'bit for bit')

  const last = await ask({ outputs: ['layers.0.reverse.ft'], lengths: [3, 5], steps: 'last' })
  const first = (json['layers.0.reverse.ft'] as Tensor3).map((unit) => unit.map((column) => column[0]))
  t.strictSame(last.json['layers.0.reverse.ft'], first, 'the last step of a reverse direction is time step 0')

  for (const layout of ['batch_first', 'time_first'] as const) {
    const order = layout === 'batch_first' ? [1, 2, 0] : [2, 1, 0]
    const outputs = ['a', 'layers.0.reverse.it', 'a_last']
    const other = await ask({ x: transpose(x, order), outputs, layout, lengths: [3, 5] })
    t.strictSame(other.json.a, transpose(json.a, order))
    t.strictSame(other.json['layers.0.reverse.it'], transpose(json['layers.0.reverse.it'], order))
    const { json: plain } = await ask({ outputs: ['a_last'], lengths: [3, 5] })
    t.strictSame(other.json.a_last, transpose(plain.a_last, [0, 2, 1]), '(layers, m, n)')
    const states = { a0: other.json.a_last, c0: other.json.a_last }
    const again = await ask({ x: transpose(x, order), outputs: ['y'], layout, ...states })
    const same = await ask({ outputs: ['y'], a0: plain.a_last, c0: plain.a_last })
    t.strictSame(again.json.y, transpose(same.json.y, order))
  }
})

t.test('a stack goes on step by step where it is forward, bit for bit', async (t) => {
  const service = await startService(t)
  const equal = randomModel(21, 3, [{ n_a: 4 }, { n_a: 4 }], { n_y: 2, activation: 'sigmoid' })
  const unequal = randomModel(
    22,
    3,
    [
      { n_a: 5, n_p: 2 },
      { n_a: 3, peepholes: true }
    ],
    { n_y: 2, activation: 'linear' }
  )
  for (const model of [equal, unequal]) {
    await put(service, model)
    const x = random(5, [3, 2, 4]) as Tensor3
    const names = ['layers.0.forward.ft', 'layers.1.forward.a']
    const { json } = await service.ask({
      url: '/sequence',
      body: { parameters: 'p', x, outputs: ['y', 'a_last', 'c_last', ...names] }
    })
    let states = {}
    for (let step = 0; step < 4; step++) {
      const xt = x.map((feature) => feature.map((column) => column[step]))
      const cell = await service.ask({ url: '/cell', body: { parameters: 'p', xt, ...states, outputs: names } })
      states = { a_prev: cell.json.a_next, c_prev: cell.json.c_next }
      const at = (tensor: Tensor3) => tensor.map((unit) => unit.map((column) => column[step]))
      t.strictSame(cell.json.yt_pred, at(json.y))
      for (const name of names) t.strictSame(cell.json[name], at(json[name]), name)
    }
    t.strictSame(states, { a_prev: json.a_last, c_prev: json.c_last })
  }
})

t.test('what a set does not have cannot be asked for, and the answer says what can', async (t) => {
  const service = await startService(t)
  await put(service, randomModels.headless, 'headless')
  await put(service, randomModels.bidirectional, 'both')
  await put(service, randomModel(9, 1, [{ n_a: 2 }, { n_a: 3 }]), 'stack')
  const sequence = (parameters: string, n_x: number, rest: object) =>
    service.ask({ url: '/sequence', body: { parameters, x: random(1, [n_x, 1, 2]), ...rest } })
  const refused: [ReturnType<typeof sequence>, string, RegExp][] = [
    [
      sequence('headless', 1, { outputs: ['a', 'y'] }),
      'LSTM_ERR_NO_SUCH_OUTPUT',
      /has no head: y cannot be given\. It has a, c, a_last, c_last, ft, .*layers\.0\.forward\.ot$/
    ],
    [
      sequence('both', 2, { outputs: ['ft'] }),
      'LSTM_ERR_NO_SUCH_OUTPUT',
      /has 2 layers: ft cannot be given\. It has a, y, c, a_last, c_last, layers\.0\.forward\.a, .*layers\.1\.reverse\.ot$/
    ],
    [sequence('both', 2, { outputs: ['caches'] }), 'LSTM_ERR_NO_SUCH_OUTPUT', /caches cannot be given/],
    [sequence('both', 2, { outputs: ['layers.2.forward.ft'] }), 'LSTM_ERR_NO_SUCH_OUTPUT', /layers\.2\.forward\.ft/],
    [sequence('both', 2, { outputs: ['layers.0.forward.zt'] }), 'LSTM_ERR_INVALID_BODY', /outputs/],
    [
      sequence('both', 2, { a0: random(1, [3, 1]) }),
      'LSTM_ERR_SHAPE_MISMATCH',
      /a0 has shape \(3, 1\); expected \(layers, n_a, m\) = \(4, 3, 1\)/
    ],
    [
      sequence('stack', 1, { c0: random(1, [2, 2, 1]) }),
      'LSTM_ERR_SHAPE_MISMATCH',
      /c0 has shape \(2, 2, 1\); expected \(n_a of all layers, m\) = \(5, 1\)/
    ],
    [
      service.ask({ url: '/cell', body: { parameters: 'both', xt: [[1], [2]] } }),
      'LSTM_ERR_REVERSE_LAYER',
      /layer 0 of "both" runs from a sequence's last step to its first: send whole sequences to \/sequence/
    ],
    [
      service.ask({ url: '/cell', body: { parameters: 'stack', xt: [[1]], outputs: ['cache'] } }),
      'LSTM_ERR_NO_SUCH_OUTPUT',
      /cache cannot be given\. It has layers\.0\.forward\.a/
    ]
  ]
  for (const [answer, code, message] of refused) {
    const { status, json } = await answer
    t.equal(status, 400)
    t.equal(json.code, code)
    t.match(json.detail, message)
  }
  const { json } = await service.ask({ url: '/cell', body: { parameters: 'headless', xt: [[1]] } })
  t.strictSame(Object.keys(json), ['parameters', 'a_next', 'c_next'], 'no prediction without a head')
})

t.test('a description says what a set is, and what computes it', async (t) => {
  const service = await startService(t, { kernel: 'wasm' })
  await put(service, randomModels.widths)
  await put(service, randomModels.projection, 'projection')
  const { json } = await service.ask({ method: 'GET', url: '/parameters/p' })
  const layer = { stored: 'float32', kernel: 'wasm' }
  t.match(json, {
    n_x: 4,
    n_a: 4,
    n_y: 1,
    head: 'linear',
    self_check: null,
    layers: [
      { layer: 0, direction: 'forward', n_x: 4, n_a: 3, n_h: 3, ...layer },
      { layer: 1, direction: 'forward', n_x: 3, n_a: 7, n_h: 7, ...layer },
      { layer: 2, direction: 'forward', n_x: 7, n_a: 2, n_h: 2, ...layer },
      { layer: 2, direction: 'reverse', n_x: 7, n_a: 2, n_h: 2, ...layer }
    ]
  })
  const projection = await service.ask({ method: 'GET', url: '/parameters/projection' })
  t.match(projection.json.layers[2], { layer: 1, n_x: 6, n_a: 8, n_h: 3, kernel: 'wasm' })
})

t.test('a model comes back as it was put in, with smaller weights too', async (t) => {
  const service = await startService(t)
  for (const [name, model] of Object.entries(randomModels)) {
    const file = exportModel(model, 'safetensors')
    const headers = { 'content-type': 'application/octet-stream' }
    const first = await service.ask({ method: 'PUT', url: `/parameters/${name}`, body: file, headers })
    const weights = `/parameters/${name}/weights?format=safetensors`
    t.ok((await service.ask({ method: 'GET', url: weights })).bytes.equals(file), name)
    const url = `/parameters/${name}?precision=int8`
    const { status, json } = await service.ask({ method: 'PUT', url, body: file, headers })
    t.equal(status, 200)
    t.not(json.version, first.json.version)
    t.ok(json.deviations.a.largest > 0 && json.deviations.a.largest < 0.2, `${name}: ${json.deviations.a.largest}`)
    t.equal(json.deviations.y === undefined, model.head === undefined)
  }
})

t.test('a model with a test vector is held to it', async (t) => {
  const service = await startService(t)
  const model = randomModels.bidirectional
  const x = random(5, [2, 2, 4]) as Tensor3
  await put(service, model)
  const { json } = await service.ask({ url: '/sequence', body: { parameters: 'p', x, outputs: ['a', 'y'] } })
  const tensor = (values: Tensor3) => ({
    shape: [values.length, 2, 4],
    data: Float32Array.from(values.flat(Number.POSITIVE_INFINITY) as unknown as number[])
  })
  const test = { x: tensor(x), a: tensor(json.a), y: tensor(json.y) }
  const good = await put(service, { ...model, test })
  t.strictSame(good.json.self_check, { passed: true, largest: 0 })
  const weights = await service.ask({ method: 'GET', url: '/parameters/p/weights' })
  t.ok(weights.bytes.equals(exportModel({ ...model, test }, 'json')), 'and keeps it')

  test.y.data[2 * 8 + 1 * 4 + 3] += 0.25
  const bad = await put(service, { ...model, test })
  t.equal(bad.status, 400)
  t.equal(bad.json.code, 'LSTM_ERR_SELF_CHECK_FAILED')
  t.match(
    bad.json.detail,
    /missed by 0\.2[45]\d*, at y\[2, 1, 3\], which is 0\.\d+ and should be \d\.\d+; at most 0\.0001/
  )
  const still = await service.ask({ method: 'GET', url: '/parameters/p' })
  t.equal(still.json.version, good.json.version, 'the old one stays')
})
