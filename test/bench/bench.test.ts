import t from 'tap'

/** What the benchmark says rests on these; the rest of it needs what `npm ci` does not install. */

// A name that is not a literal, so that the compiler does not look for types.
const load = (name: string) => import(new URL(`../../../bench/${name}.mjs`, import.meta.url).href)

t.test('order statistics', async (t) => {
  const { median, quantile, pairwiseRatio } = await load('statistics')
  t.equal(median([3, 1, 2]), 2)
  t.equal(median([4, 1, 3, 2]), 2.5)
  // NumPy: np.quantile([1, 2, 4, 8, 16, 32], [0, .1, .25, .99, 1])
  const values = [32, 1, 16, 2, 8, 4]
  t.strictSame(
    [0, 0.1, 0.25, 1].map((q) => quantile(values, q)),
    [1, 1.5, 2.5, 32]
  )
  t.ok(Math.abs(quantile(values, 0.99) - 31.2) < 1e-12)
  t.ok(Number.isNaN(quantile([], 0.5)))
  t.strictSame(values, [32, 1, 16, 2, 8, 4], 'the values stay as they are')
  // Each round's own ratio: 2, 1, 4; of the medians it would be 20 / 10.
  t.strictSame(pairwiseRatio([20, 10, 400], [10, 10, 100]), { median: 2, low: 1.5, high: 3 })
})

t.test('slopes', async (t) => {
  const { logLogSlope, slope } = await load('statistics')
  t.equal(
    slope([
      [0, 1],
      [1, 3],
      [2, 5]
    ]),
    2
  )
  const cubic = [1, 10, 100, 1000].map((x) => [x, 7 * x ** 3])
  t.ok(Math.abs(logLogSlope(cubic) - 3) < 1e-12)
})

t.test('tables', async (t) => {
  const { table, figure, ratio, difference } = await load('table')
  t.equal(
    table(
      ['name', 'µs'],
      [
        ['a', '1.50'],
        ['b', '2']
      ]
    ),
    '| name | µs |\n| --- | ---: |\n| a | 1.50 |\n| b | 2 |'
  )
  t.strictSame([0, 0.01234, 1.2345, 12.345, 123.45, 1234.5, 1e6].map(figure), [
    '0',
    '0.0123',
    '1.23',
    '12.3',
    '123',
    '1,235',
    '1,000,000'
  ])
  t.equal(figure(Number.NaN), '–')
  t.equal(ratio({ median: 4.004, low: 3, high: 5.25 }), '4.00× (3.00–5.25)')
  t.equal(difference(1.24e-7), '1.2e-7')
})

t.test('rounds take turns', async (t) => {
  const { alternate } = await load('rounds')
  const calls: string[] = []
  const times = await alternate([() => calls.push('a'), async () => calls.push('b')], {
    rounds: 3,
    sliceMicroseconds: 0,
    warmMicroseconds: 0
  })
  t.equal(calls.join(''), 'abababab')
  t.strictSame(
    times.map((rounds: number[]) => rounds.length),
    [3, 3]
  )
})

t.test('requests and what is expected for them', async (t) => {
  const { randomLayer } = await load('sets')
  const { sequenceRequests } = await load('load/requests')
  const { readAnswer } = await load('load/answer')
  const layer = randomLayer(5)
  for (const encoding of ['json', 'base64']) {
    const { requests, expected } = sequenceRequests('s', layer, 3, encoding, 2)
    t.equal(requests.length, 2)
    t.equal(expected[0].length, 3 * 5)
    const [head, body] = requests[0].toString().split('\r\n\r\n')
    t.match(head, new RegExp(`content-length: ${body.length}$`))
    t.strictSame(JSON.parse(body).outputs, ['a'])
  }
  const values = Float32Array.of(0.5, -1, 2)
  const bytes = Buffer.from(values.buffer).toString('base64')
  t.strictSame(readAnswer('{"a":[[[0.5],[-1],[2]]]}', 'json'), values)
  t.strictSame(readAnswer(`{"a":{"shape":[1,3,1],"data":"${bytes}"}}`, 'base64'), values)
})
