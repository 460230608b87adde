import fc from 'fast-check'
import t from 'tap'
import { Arrivals } from '../../src/sequences/arrivals.ts'
import { findParameters } from '../../src/sequences/find-parameters.ts'

/** What is seen of a request, at once or later. */
const look = async (json: string, jsonBytes?: number) => new Arrivals().look([Buffer.from(json)], jsonBytes)

t.test('an id is found wherever its parameters stand, and kept to its last digit', async (t) => {
  for (const [json, expected] of [
    [
      '{"parameters":{"sequence_id":7,"sequence_start":true,"sequence_end":false},"inputs":[]}',
      ['number', '7', true, false]
    ],
    [
      '{"inputs":[{"data":[1,2,{"parameters":{"sequence_id":1}}]}],"parameters":{"sequence_id":"7"}}',
      ['text', '7', false, false]
    ],
    [
      ' {\n"a" : [ ] ,"parameters" : { "sequence_id" : 18446744073709551615 , "sequence_end" : true } }',
      ['number', '18446744073709551615', false, true]
    ],
    ['{"parameters":{"sequence_id":9007199254740993}}', ['number', '9007199254740993', false, false]],
    ['{"p\\u0061rameters":{"sequence\\u005fid":"a\\u00e4\\"}"}}', ['text', 'aä"}', false, false]],
    ['{"parameters":{"x":"\\"sequence_id\\":5","sequence_id":6}}', ['number', '6', false, false]],
    ['{"parameters":{"sequence_id":"n5","sequence_start":1}}', ['text', 'n5', false, false]]
  ] as const) {
    const found = await look(json)
    t.strictSame(found && [found.type, found.id, found.start, found.end], expected, json)
  }
})

t.test('what names no sequence is none', async (t) => {
  for (const json of [
    '{"inputs":[]}',
    '{"parameters":{"sequence_id":0,"sequence_start":true}}',
    '{"parameters":{"sequence_id":""}}',
    '{"id":"\\"sequence_id\\"","parameters":{}}',
    '{"id":"sequence_id","parameters":{"sequence":"sequence_id"}}',
    '{"inputs":[{"parameters":{"sequence_id":7}}]}',
    '{"x":{"parameters":{"sequence_id":7}}}',
    '{"parameters":[{"sequence_id":7}]}',
    '{"parameters":"sequence_id","sequence_id":7}',
    // not JSON: for the worker to say
    '{"parameters":{"sequence_id":7',
    '{"parameters":{"sequence_id":}}',
    '"sequence_id"',
    ']"sequence_id"',
    ''
  ]) {
    t.equal(await look(json), undefined, json)
  }
})

t.test('an id that is none is refused with what it should be', async (t) => {
  for (const [id, text] of [
    ['-1', /sequence_id is -1; expected a number without a fraction from 0 to 18446744073709551615/],
    ['1.5', /sequence_id is 1\.5;/],
    ['7.0', /sequence_id is 7\.0;/],
    ['1e3', /sequence_id is 1e3;/],
    ['18446744073709551616', /sequence_id is 18446744073709551616;/],
    ['9'.repeat(5000), /sequence_id is 9{60}…;/],
    ['true', /sequence_id is true; expected an unsigned number or a text/],
    ['null', /sequence_id is null;/],
    ['{"a":1}', /sequence_id is an object;/],
    ['[7]', /sequence_id is an array;/],
    [`"${'é'.repeat(65)}"`, /at most 128 bytes in UTF-8/],
    ['"\\ud800"', /without lone surrogates/]
  ] as const) {
    await t.rejects(
      look(`{"parameters":{"sequence_id":${id}}}`),
      { code: 'LSTM_ERR_INVALID_REQUEST', message: text },
      id.slice(0, 30)
    )
  }
  t.equal((await look(`{"parameters":{"sequence_id":"${'é'.repeat(64)}"}}`))?.id.length, 64)
})

t.test('only the JSON of a body is looked at, in however many pieces it came', async (t) => {
  const json = '{"parameters":{"sequence_id":12},"inputs":[]}'
  const tail = '"sequence_id"'
  t.equal(await new Arrivals().look([Buffer.from('{"inputs":[]}'), Buffer.from(tail)], 13), undefined)
  for (let at = 0; at <= json.length; at++) {
    const pieces = [json.slice(0, at), json.slice(at), tail].map((each) => Buffer.from(each))
    t.match(await new Arrivals().look(pieces, json.length), { id: '12' })
  }
})

t.test('any JSON is searched as JSON.parse reads it', async () => {
  const rest = fc.dictionary(
    fc.string().filter((key) => key !== 'parameters'),
    fc.jsonValue()
  )
  fc.assert(
    fc.property(rest, fc.dictionary(fc.string(), fc.jsonValue()), rest, (before, parameters, after) => {
      const json = JSON.stringify({ ...before, parameters, ...after })
      const search = findParameters(Buffer.from(json))
      let step = search.next()
      while (!step.done) step = search.next()
      return JSON.stringify(JSON.parse(step.value!)) === JSON.stringify(parameters)
    })
  )
})

t.test('who comes behind a long search waits for it', async (t) => {
  const arrivals = new Arrivals()
  const long = `{"inputs":[${'0.125,'.repeat(200_000)}0],"parameters":{"sequence_id":1}}`
  const order: string[] = []
  const note = (found: { id: string } | undefined) => order.push(found!.id)
  const short = (id: number) => arrivals.look([Buffer.from(`{"parameters":{"sequence_id":${id}}}`)])
  const first = arrivals.look([Buffer.from(long)])
  const others = [short(2), arrivals.look([Buffer.from('{"parameters":{"sequence_id":-1}}')]), short(3)]
  t.ok([first, ...others].every((each) => each instanceof Promise))
  t.equal(arrivals.look([Buffer.from('{"inputs":[]}')]), undefined, 'others pass')
  const noted = [first, ...others].map(async (each) => (await each) as { id: string } | undefined)
  const outcomes = await Promise.allSettled(noted.map((each) => each.then(note)))
  t.strictSame(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled']
  )
  t.strictSame(order, ['1', '2', '3'])
  await new Promise((resolve) => setImmediate(resolve))
  t.notOk(short(4) instanceof Promise)
})
