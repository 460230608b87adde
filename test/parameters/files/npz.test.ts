import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { LstmError } from '../../../src/errors.ts'
import type { NamedArray } from '../../../src/parameters/files/array.ts'
import { readNpz, writeNpz } from '../../../src/parameters/files/npz.ts'
import { readZip } from '../../../src/parameters/files/zip.ts'
import { writeZip } from '../../../src/parameters/files/zip-writer.ts'

// The fixtures are NumPy's, made by make.py beside them.
const folder = 'test/fixtures/npz'
const character = fc.constantFrom('a', '1', '/', '.', 'ß', '漢', '😀', '\0', '\ufeff')
const limits = { maxInflatedBytes: 1 << 20 }
const fixture = (file: string): Uint8Array => new Uint8Array(readFileSync(`${folder}/${file}`))
const { 'sha256 of every float16': everyHalf, ...expected } = JSON.parse(
  readFileSync(`${folder}/expected.json`, 'utf8')
)

const plain = (arrays: Iterable<readonly [string, NamedArray]>) =>
  Object.fromEntries(Array.from(arrays, ([name, { shape, data }]) => [name, { shape, data: [...data] }]))

/** A npz of one array `a` whose .npy begins with a header written by hand. */
function npzOf(header: string, data: Uint8Array = new Uint8Array(), version = [1, 0]): Uint8Array {
  const length =
    version[0] === 1 ? [header.length & 255, header.length >> 8] : [header.length & 255, header.length >> 8, 0, 0]
  const npy = Buffer.concat([
    Buffer.from([0x93]),
    Buffer.from('NUMPY'),
    Buffer.from([...version, ...length]),
    Buffer.from(header),
    data
  ])
  return writeZip([['a.npy', npy]])
}

const dict = (descr: string, shape: string, fortran = 'False'): string =>
  `{'descr': ${descr}, 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`

const refuses = (t: Test, bytes: Uint8Array, message: string | RegExp, code = 'LSTM_ERR_UNREADABLE_FILE', label = '') =>
  t.throws(() => readNpz(bytes, limits), { constructor: LstmError, code, message }, label || String(message))

t.test('what NumPy wrote', async (t) => {
  t.equal(Object.keys(expected).length, readdirSync(folder).filter((f) => /^(?!refused).*\.npz$/.test(f)).length)
  for (const [file, arrays] of Object.entries(expected)) {
    const read = readNpz(fixture(file), limits)
    // same() holds -0 and 0 for equal, and the half floats have both.
    t.strictSame(JSON.stringify(plain(read)), JSON.stringify(arrays), file)
  }
})

t.test('negative zero keeps its sign', async (t) => {
  const { data } = readNpz(fixture('half.npz'), limits).get('edges')!
  t.ok(Object.is(data[0], 0))
  t.ok(Object.is(data[1], -0))
})

t.test('every finite float16', async (t) => {
  const bits = Uint16Array.from(Array.from({ length: 65536 }, (_, i) => i).filter((i) => ((i >> 10) & 31) !== 31))
  for (const order of ['<', '>'] as const) {
    const bytes = Buffer.from(bits.slice().buffer)
    if (order === '>') bytes.swap16()
    const { data } = readNpz(npzOf(dict(`'${order}f2'`, `(${bits.length},)`), bytes), limits).get('a')!
    t.equal(createHash('sha256').update(Buffer.from(data.buffer)).digest('hex'), everyHalf)
  }
})

t.test('what NumPy wrote and is refused', async (t) => {
  const reasons: Record<string, string | RegExp> = {
    object: 'npz: array "a": dtype "|O": it holds pickled Python objects, which are never loaded',
    structured: 'npz: array "a": at character 11 of its header: a list; structured dtypes are not read',
    complex: 'npz: array "a": dtype "<c8": complex numbers are not read',
    unicode: 'npz: array "a": dtype "<U3": strings are not read',
    bytes: 'npz: array "a": dtype "|S3": strings are not read',
    date: 'npz: array "a": dtype "<M8[D]": dates are not read',
    void: 'npz: array "a": dtype "|V4": structured dtypes are not read',
    longdouble: /^npz: array "a": dtype "<f16" is not known; f2, f4/
  }
  const infinities: Record<string, string> = {
    nan: 'a[1, 2] is NaN; every value must be a finite float32',
    infinite: 'a[1, 2] is -Infinity; every value must be a finite float32',
    overflow: 'a[1, 2] is 1e+300, too large for float32; every value must be a finite float32'
  }
  for (const [name, message] of Object.entries(reasons)) refuses(t, fixture(`refused_${name}.npz`), message)
  for (const [name, message] of Object.entries(infinities)) {
    refuses(t, fixture(`refused_${name}.npz`), message, 'LSTM_ERR_NON_FINITE')
  }
  const files = readdirSync(folder).filter((file) => file.startsWith('refused_'))
  t.equal(files.length, Object.keys(reasons).length + Object.keys(infinities).length, 'all of them')
})

t.test('headers that are refused', async (t) => {
  const six = new Uint8Array(24)
  const f4 = "'<f4'"
  const cases: [header: string, reason: RegExp][] = [
    ['', /character 0 of its header: expected {/],
    ['{}', /has the keys ""; expected descr, fortran_order, shape/],
    ["{'descr': '<f4', 'shape': (6,)}", /has the keys "descr, shape"/],
    [`${dict(f4, '(6,)').slice(0, -3)}'more': 'x'}`, /has the keys "descr, fortran_order, shape, more"/],
    ["{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (6,)}", /a second "descr"/],
    ["{'__proto__': '<f4', 'fortran_order': False, 'shape': (6,)}", /has the keys "__proto__, /],
    [`${dict(f4, '(6,)')}x`, /character 58 of its header: expected the end/],
    [dict(f4, '(6,)').slice(0, -3), /expected a string/],
    [dict(f4, '(6,)').replace(':', ''), /expected :/],
    [dict(f4, '(6,)').replace("', 'f", "' 'f"), /expected , or }/],
    [dict('4', '(6,)'), /character 10 of its header: expected a string/],
    [dict('True', '(6,)'), /descr in its header is not a string/],
    [dict("'<f4' + open('x')", '(6,)'), /expected , or }/],
    [dict("'\\x3cf4'", '(6,)'), /expected a string/],
    [dict(f4, '(6,)', '0'), /expected a string/],
    [dict(f4, '(6,)', "'False'"), /fortran_order in its header is not True or False/],
    [dict(f4, '(6,)', 'Falsehood'), /expected a string/],
    [dict(f4, "'6'"), /shape in its header is not a tuple/],
    [dict(f4, 'True'), /shape in its header is not a tuple/],
    [dict(f4, '6'), /expected a string/],
    [dict(f4, '[6]'), /a list; structured/],
    [dict(f4, '(6)'), /\(6\) where a tuple should be; of one length, that is \(6,\)/],
    [dict(f4, '(2 3)'), /no comma between two lengths/],
    [dict(f4, '(,)'), /expected a length/],
    [dict(f4, '(2,,3)'), /expected a length/],
    [dict(f4, '(6.0,)'), /expected a length/],
    [dict(f4, '(06,)'), /expected a length/],
    [dict(f4, '(0x6,)'), /expected a length/],
    [dict(f4, '(6_0,)'), /expected a length/],
    [dict(f4, '((6,),)'), /expected a length/],
    [dict(f4, '(-6,)'), /a negative length, -6/],
    [dict(f4, '(-1, -6)'), /a negative length, -1/],
    [dict(f4, '(9007199254740993,)'), /a length past all files, 9007199254740993/],
    [dict(f4, '(4294967296, 4294967296)'), /takes 73786976294838210000 bytes, but 24 bytes follow/],
    [dict(f4, `(${'9007199254740991, '.repeat(64)})`), /takes Infinity bytes, but 24 bytes follow/],
    [dict(f4, `(${'1, '.repeat(65)})`), /it has 65 axes; at most 64 are read/],
    [dict(f4, '(5,)'), /shape \(5\) of <f4 takes 20 bytes, but 24 bytes follow/],
    [dict(f4, '(7,)'), /shape \(7\) of <f4 takes 28 bytes, but 24 bytes follow/],
    [dict(f4, '(9007199254740991, 9007199254740991, 0)'), /takes 0 bytes, but 24 bytes follow/],
    [dict(f4, '()'), /takes 4 bytes, but 24 bytes follow/],
    [dict("'|f4'", '(6,)'), /dtype "\|f4" is not known/],
    [dict("'<f3'", '(8,)'), /dtype "<f3" is not known/],
    [dict("'<f4 '", '(6,)'), /dtype "<f4 " is not known/],
    [dict("'<<f4'", '(6,)'), /dtype "<<f4" is not known/],
    [dict("''", '(6,)'), /dtype "" is not known/],
    [dict("'toString'", '(6,)'), /dtype "toString" is not known/],
    [dict("'|O8'", '(3,)'), /pickled/],
    [dict(`'${'x'.repeat(9000)}'`, '(6,)'), /^.{0,250}$/],
    [`{'${'x'.repeat(9000)}': 'x'}`, /^.{0,250}$/],
    [' '.repeat(10_001), /header takes 10001 bytes; at most 10000 are read/]
  ]
  for (const [header, reason] of cases) refuses(t, npzOf(header, six), reason)
  t.same(plain(readNpz(npzOf(dict(f4, `(${'1, '.repeat(63)}6)`), six), limits)).a.data.length, 6, '64 axes are read')
  refuses(t, npzOf(dict(f4, '(6,)'), six, [1, 1]), /version 1\.1 is not known/)
  refuses(t, npzOf(dict(f4, '(6,)'), six, [4, 0]), /version 4\.0 is not known/)
  refuses(t, npzOf(dict(f4, '(6,)'), six, [0, 0]), /version 0\.0 is not known/)
})

t.test('a .npy cut off at each byte, in a whole zip', async (t) => {
  for (const version of [1, 2, 3]) {
    const npy = readZip(fixture('versions.npz'), limits, 'npz').get(`v${version}.npy`)!
    for (let length = 0; length < npy.length; length++) {
      refuses(t, writeZip([['a.npy', npy.subarray(0, length)]]), /^npz: array "a": /)
    }
    refuses(t, writeZip([['a.npy', Buffer.concat([npy, Buffer.from([0])])]]), /takes 48 bytes, but 49 bytes follow/)
  }
})

t.test('entries that are not arrays', async (t) => {
  refuses(t, writeZip([['config.json', new Uint8Array(3)]]), 'npz: entry "config.json" is not a .npy')
  refuses(t, writeZip([['a.npy', Buffer.from('not an array')]]), 'npz: array "a": it does not begin as a .npy')
})

t.test('the limit holds for the arrays as float32 too', async (t) => {
  const bytes = npzOf(dict("'|b1'", '(1000,)'), new Uint8Array(1000))
  t.equal(readNpz(bytes, { maxInflatedBytes: 4000 }).get('a')!.data.length, 1000)
  t.throws(() => readNpz(bytes, { maxInflatedBytes: 3999 }), { message: /has 1000 values, 999 are left/ })
  const [, a] = [...readZip(bytes, limits, 'npz')][0]
  const two = writeZip([
    ['a.npy', a],
    ['b.npy', a]
  ])
  t.equal(readNpz(two, { maxInflatedBytes: 8000 }).size, 2)
  t.throws(() => readNpz(two, { maxInflatedBytes: 7999 }), { message: /array "b": it has 1000 values, 999 are left/ })
})

t.test('every byte but 0 is true', async (t) => {
  const { data } = readNpz(npzOf(dict("'|b1'", '(4,)'), Uint8Array.of(0, 1, 2, 255)), limits).get('a')!
  t.strictSame([...data], [0, 1, 1, 1])
})

t.test('the place of a bad value', async (t) => {
  for (const [shape, i, where] of [
    ['()', 0, 'a is NaN'],
    ['(1,)', 0, 'a[0] is NaN'],
    ['(24,)', 23, 'a[23] is NaN'],
    ['(2, 3, 4)', 23, 'a[1, 2, 3] is NaN'],
    ['(2, 3, 4)', 5, 'a[0, 1, 1] is NaN']
  ] as const) {
    const data = new Float32Array(shape === '()' || shape === '(1,)' ? 1 : 24)
    data[i] = Number.NaN
    refuses(
      t,
      npzOf(dict("'<f4'", shape), new Uint8Array(data.buffer)),
      `${where}; every value must be a finite float32`,
      'LSTM_ERR_NON_FINITE'
    )
  }
})

const namedArray: fc.Arbitrary<NamedArray> = fc.array(fc.nat(4), { maxLength: 5 }).chain((shape) => {
  const count = shape.reduce((product, length) => product * length, 1)
  return fc
    .float32Array({ minLength: count, maxLength: count, noNaN: true, noDefaultInfinity: true })
    .map((data) => ({ shape, data }))
})

const bytesOf = ({ data }: NamedArray): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength)

t.test('what is written reads back the same, from any offset in memory', async (t) => {
  const name = fc.string({ unit: character, maxLength: 8 })
  const sets = fc.uniqueArray(fc.tuple(name, namedArray), { selector: ([name]) => name, maxLength: 5 })
  const property = fc.property(sets, fc.nat(8), (set, offset) => {
    const written = writeNpz(set)
    const moved = new Uint8Array(offset + written.length + 3).subarray(offset, offset + written.length)
    moved.set(written)
    const read = [...readNpz(moved, limits)]
    assert.deepEqual(
      read.map(([name, { shape }]) => [name, shape]),
      set.map(([name, { shape }]) => [name, shape])
    )
    read.forEach(([, array], i) => {
      assert.ok(bytesOf(array).equals(bytesOf(set[i][1])))
    })
    assert.ok(Buffer.from(writeNpz(set)).equals(written), 'the same bytes again')
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 300 }))
})

t.test('what is written', async (t) => {
  const npz = writeNpz([
    ['Wf', { shape: [2, 3], data: new Float32Array([1, 2, 3, 4, 5, 6]) }],
    ['s', { shape: [], data: new Float32Array(1) }],
    ['v', { shape: [1], data: new Float32Array(1) }]
  ])
  t.equal(npz[12] | (npz[13] << 8), 0b0000000_0001_00001, 'dated 1 January 1980')
  const entries = readZip(npz, limits, 'npz')
  t.strictSame([...entries.keys()], ['Wf.npy', 's.npy', 'v.npy'])
  const headers = [...entries.values()].map((npy) => Buffer.from(npy.subarray(10, 128)).toString('latin1').trimEnd())
  t.strictSame(
    headers,
    ['(2, 3)', '()', '(1,)'].map((shape) => `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`)
  )
  t.strictSame(
    [...entries.values()].map((npy) => npy.length),
    [128 + 24, 128 + 4, 128 + 4],
    'data at a multiple of 64'
  )
  t.throws(() => writeNpz([['a', { shape: [2], data: new Float32Array(3) }]]), {
    constructor: RangeError,
    message: 'shape (2) has 2 values, not 3'
  })
})
