// What files of 10 MB that are made to do harm cost to refuse (or to read): node bench/hostile-files.mjs, after a build.
// Each is imported in a process of its own; what is printed is the time, the growth of the process's peak memory over
// what it had with the file in it, and the answer. Exits with 1 when one costs more than 2 s or 200 MB.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { deflateRawSync } from 'node:zlib'

const MB = 1024 * 1024
const SIZE = 10 * MB
const MOST_SECONDS = 2
const MOST_MB = 200

const self = fileURLToPath(import.meta.url)
const module = (path) => import(new URL(`../dist/src/${path}`, import.meta.url))

if (process.argv[2] === '--import') await importOne(process.argv[3])
else await all()

async function importOne(path) {
  const { importModel } = await module('parameters/importers/import-model.js')
  const bytes = new Uint8Array(readFileSync(path))
  const before = peakMb()
  const start = performance.now()
  let answer
  try {
    importModel(bytes, {}, { maxInflatedBytes: 512 * MB, maxJsonDepth: 32 })
    answer = 'read'
  } catch (error) {
    answer = `${error.code ?? `FAULT ${error.stack}`}: ${error.message.slice(0, 110)}`
  }
  const seconds = (performance.now() - start) / 1000
  const grown = peakMb() - before
  console.log(JSON.stringify({ seconds, grown, answer }))
}

/** Of this process alone; what getrusage says begins with its parent's. */
function peakMb() {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'latin1'))[1]) / 1024
}

async function all() {
  const folder = mkdtempSync(join(tmpdir(), 'lstm-serve-hostile-'))
  try {
    console.log('seconds      MB  file: answer')
    for (const [name, content] of await files()) {
      const path = join(folder, 'file')
      writeFileSync(path, content)
      const { stdout, signal } = spawnSync(process.execPath, [self, '--import', path], {
        encoding: 'utf8',
        timeout: 60_000
      })
      const { seconds, grown, answer } = stdout
        ? JSON.parse(stdout)
        : { seconds: 60, grown: 0, answer: `ended by ${signal}` }
      const bad = seconds > MOST_SECONDS || grown > MOST_MB || answer.startsWith('FAULT') || stdout === ''
      if (bad) process.exitCode = 1
      console.log(
        `${seconds.toFixed(2).padStart(7)} ${grown.toFixed(0).padStart(7)}  ${name}: ${answer}${bad ? '   <-- too much' : ''}`
      )
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Many of one thing, up to 10 MB. */
function* repeated(part, size = SIZE) {
  const bytes = Buffer.from(part, 'latin1')
  for (let at = 0; at < size; at += bytes.length) yield bytes
}
function fill(part, size) {
  return Buffer.concat([...repeated(part, size)])
}

/** A zip of one deflated entry that says what it holds. */
async function deflatedZip(entries) {
  const { writeZip } = await module('parameters/files/zip-writer.js')
  const { crc32 } = await import('node:zlib')
  const zip = Buffer.from(writeZip(entries.map(([name, content]) => [name, deflateRawSync(content)])))
  let [local, central] = [0, zip.readUInt32LE(zip.length - 6)]
  for (const [name, content] of entries) {
    const compressed = zip.readUInt32LE(local + 18)
    for (const [at, method, crc, size] of [
      [local, 8, 14, 22],
      [central, 10, 16, 24]
    ]) {
      zip.writeUInt16LE(8, at + method)
      zip.writeUInt32LE(crc32(content), at + crc)
      zip.writeUInt32LE(content.length, at + size)
    }
    local += 30 + Buffer.byteLength(name) + compressed
    central += 46 + Buffer.byteLength(name)
  }
  return zip
}

function varint(value) {
  const bytes = []
  for (let rest = value; rest > 0 || bytes.length === 0; rest = Math.floor(rest / 128)) {
    bytes.push((rest % 128) | (rest > 127 ? 128 : 0))
  }
  return Buffer.from(bytes)
}

function field(number, content) {
  return Buffer.concat([varint(number * 8 + 2), varint(content.length), content])
}

async function files() {
  const { writeZip } = await module('parameters/files/zip-writer.js')
  const pickle = (content) =>
    writeZip([
      ['a/data.pkl', content],
      ['a/version', Buffer.from('3\n')]
    ])
  const onnx = (graph) => Buffer.concat([Buffer.from([8, 8]), field(7, graph)])
  const safetensors = (json) => {
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(json.length))
    return Buffer.concat([length, json])
  }
  const npyOf = (count, descr = '|i1', value = 0) => {
    const text = `${`{'descr': '${descr}', 'fortran_order': False, 'shape': (${count},), }`.padEnd(117)}\n`
    const head = Buffer.from('\x93NUMPY\x01\x00\x00\x00', 'latin1')
    head.writeUInt16LE(text.length, 8)
    return Buffer.concat([head, Buffer.from(text), Buffer.alloc(count, value)])
  }
  const noise = Buffer.alloc(SIZE - 64)
  for (let i = 0, state = 1; i < noise.length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    noise[i] = state >>> 16
  }
  const onesOfNames = Buffer.concat(
    [...Array(300_000).keys()].map((i) => Buffer.from(`"n${i}":{"dtype":"F32","shape":[],"data_offsets":[0,0]},`))
  )
  const double = (n) => {
    // each Concat joins the one before it with itself
    const parts = [
      field(
        5,
        Buffer.concat([
          field(1, Buffer.from([])),
          Buffer.from([8, 4, 16, 1]),
          field(8, Buffer.from('c0')),
          field(9, Buffer.alloc(16))
        ])
      )
    ]
    for (let i = 0; i < n; i++) {
      const attribute = field(5, Buffer.concat([field(1, Buffer.from('axis')), Buffer.from([24, 0])]))
      parts.push(
        field(
          1,
          Buffer.concat([
            field(1, Buffer.from(`c${i}`)),
            field(1, Buffer.from(`c${i}`)),
            field(2, Buffer.from(`c${i + 1}`)),
            field(4, Buffer.from('Concat')),
            attribute
          ])
        )
      )
    }
    parts.push(
      field(
        1,
        Buffer.concat([
          field(1, Buffer.from('x')),
          field(1, Buffer.from(`c${n}`)),
          field(1, Buffer.from(`c${n}`)),
          field(2, Buffer.from('Y')),
          field(4, Buffer.from('LSTM'))
        ])
      )
    )
    return Buffer.concat(parts)
  }
  const hdf5 = readFileSync(new URL('../test/fixtures/keras/plain.h5', import.meta.url))
  const circle = Buffer.from(hdf5)
  for (let at = circle.indexOf('TREE'); at >= 0; at = circle.indexOf('TREE', at + 1))
    circle.writeBigUInt64LE(BigInt(at), at + 32)
  return [
    ['zeros', Buffer.alloc(SIZE)],
    ['noise', noise],
    ['safetensors: a header of brackets', safetensors(Buffer.concat([Buffer.from('{"a":'), fill('[')]))],
    [
      'safetensors: a shape of ten million zeros',
      safetensors(
        Buffer.concat([
          Buffer.from('{"a":{"dtype":"F32","data_offsets":[0,0],"shape":[0'),
          fill(',0'),
          Buffer.from(']}}')
        ])
      )
    ],
    [
      'safetensors: 300,000 tensors of nothing',
      safetensors(
        Buffer.concat([
          Buffer.from('{'),
          onesOfNames,
          Buffer.from('"z":{"dtype":"F32","shape":[],"data_offsets":[0,0]}}')
        ])
      )
    ],
    [
      'safetensors: metadata of a million strings',
      safetensors(
        Buffer.concat([
          Buffer.from('{"__metadata__":{"a":""'),
          Buffer.concat([...Array(800_000).keys()].map((i) => Buffer.from(`,"${i}":""`))),
          Buffer.from('}}')
        ])
      )
    ],
    ['PyTorch: ten million empty dicts', pickle(fill('}'))],
    ['PyTorch: ten million marks', pickle(fill('('))],
    [
      'PyTorch: one dict put into ten million memos',
      pickle(Buffer.concat([Buffer.from('}'), fill('r\x01\x02\x03\x04')]))
    ],
    ['PyTorch: ten million memos', pickle(Buffer.concat([Buffer.from('}'), fill('\x94')]))],
    ['PyTorch: ten million memos got', pickle(Buffer.concat([Buffer.from('}q\x00'), fill('h\x00')]))],
    ['PyTorch: strings', pickle(fill('\x8c\x01a'))],
    [
      'PyTorch: one string of 10 MB',
      pickle(Buffer.concat([Buffer.from('X\x00\x00\xa0\x00', 'latin1'), Buffer.alloc(SIZE, 97), Buffer.from('.')]))
    ],
    ['PyTorch: tuples in tuples', pickle(Buffer.concat([Buffer.from(')'), fill('\x85')]))],
    ['PyTorch: names', pickle(fill('ccollections\nOrderedDict\n'))],
    ['zip: a bomb of 9.5 GiB', await deflatedZip([['Wf.npy', Buffer.alloc(1024 * MB)]])],
    [
      'zip: 48 MB of zeros in 10 MB',
      await deflatedZip([
        ['noise.npy', npyOf(1, '|i1')],
        ['Wf.npy', npyOf(39 * MB)],
        ['x.npy', noise]
      ])
    ],
    ['npz: 10 MB of bytes that become float32', writeZip([['Wf.npy', npyOf(SIZE)]])],
    [
      'keras: a configuration of 10 MB',
      writeZip([
        ['config.json', fill('[')],
        ['metadata.json', Buffer.from('{}')],
        ['model.weights.h5', hdf5]
      ])
    ],
    [
      'keras: a configuration of 2 MB of brackets',
      writeZip([
        ['config.json', fill('[', 2 * MB - 64)],
        ['metadata.json', Buffer.from('{}')],
        ['model.weights.h5', hdf5]
      ])
    ],
    [
      'keras: a configuration of a million objects',
      writeZip([
        [
          'config.json',
          Buffer.concat([Buffer.from('{"config":{"layers":[{}'), fill(',{}', 2 * MB - 128), Buffer.from(']}}')])
        ],
        ['metadata.json', Buffer.from('{}')],
        ['model.weights.h5', hdf5]
      ])
    ],
    ['HDF5: groups that lead to themselves', Buffer.concat([circle, Buffer.alloc(SIZE)])],
    ['HDF5: noise behind a good beginning', Buffer.concat([hdf5.subarray(0, 96), noise])],
    ['ONNX: five million empty nodes', onnx(fill('\x0a\x00'))],
    ['ONNX: five million empty tensors', onnx(fill('\x2a\x00'))],
    ['ONNX: one node of five million inputs', onnx(field(1, fill('\x0a\x00')))],
    ['ONNX: five million attributes', onnx(field(1, fill('\x2a\x00')))],
    ['ONNX: ten million axes', onnx(field(5, Buffer.concat([field(1, Buffer.alloc(SIZE, 1))])))],
    ['ONNX: fields without meaning', onnx(fill('\xa0\x06\x01'))],
    [
      'ONNX: graphs in graphs',
      onnx([...Array(200)].reduce((inner) => field(1, field(5, field(6, inner))), Buffer.alloc(SIZE)))
    ],
    ['ONNX: weights doubled in 40 nodes', Buffer.concat([onnx(double(40)), Buffer.alloc(0)])],
    [
      'ONNX: weights doubled, in 10 MB',
      Buffer.concat([onnx(Buffer.concat([double(40), field(10, Buffer.alloc(SIZE))]))])
    ],
    ['JSON: ten million brackets', fill('[')],
    ['JSON: layers of ten million brackets', Buffer.concat([Buffer.from('{"layers":'), fill('['), Buffer.from('}')])],
    ['JSON: a million empty layers', Buffer.concat([Buffer.from('{"layers":[{}'), fill(',{}'), Buffer.from(']}')])],
    [
      'JSON: members of a layer',
      Buffer.concat([
        Buffer.from('{"layers":[{"forward":{"a":0'),
        Buffer.concat([...Array(900_000).keys()].map((i) => Buffer.from(`,"${i}":0`))),
        Buffer.from('}}]}')
      ])
    ],
    [
      'JSON: objects where an array should be',
      Buffer.concat([Buffer.from('{"layers":[{"forward":{"Wf":[{}'), fill(',{}'), Buffer.from(']}}]}')])
    ],
    ['JSON: objects that nobody wants', Buffer.concat([Buffer.from('{"Wz":[{}'), fill(',{}'), Buffer.from(']}')])],
    ['JSON: objects in a tensor', Buffer.concat([Buffer.from('{"Wf":{"a":[{}'), fill(',{}'), Buffer.from(']}}')])],
    ['JSON: a matrix of empty rows', Buffer.concat([Buffer.from('{"Wf":[[]'), fill(',[]'), Buffer.from(']}')])]
  ]
}
