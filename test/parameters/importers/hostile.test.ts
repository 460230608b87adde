import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { LstmError } from '../../../src/errors.ts'
import { exportModel } from '../../../src/parameters/exporters/export-model.ts'
import { writeZip } from '../../../src/parameters/files/zip-writer.ts'
import { fixture } from '../../fixtures.ts'
import { randomModels } from '../../random-model.ts'
import { importBytes } from './read.ts'

/** Reads, or is refused with an error of the table: nothing else may happen. @returns the error */
function attempt(bytes: Uint8Array): LstmError | undefined {
  try {
    importBytes(bytes)
    return undefined
  } catch (error) {
    if (error instanceof LstmError) return error
    throw error
  }
}

const files: Readonly<Record<string, Uint8Array>> = {
  'plain.pt': fixture('pytorch/plain.pt'),
  'checkpoint.pt': fixture('pytorch/checkpoint.pt'),
  'plain.safetensors': fixture('pytorch/plain.safetensors'),
  'plain.keras': fixture('keras/plain.keras'),
  'keras2.h5': fixture('keras/keras2.h5'),
  'latest.weights.h5': fixture('keras/latest.weights.h5'),
  'exported_unfolded.onnx': fixture('onnx/exported_unfolded.onnx'),
  'activations_alpha.onnx': fixture('onnx/activations_alpha.onnx'),
  'widths.npz': exportModel(randomModels.widths, 'npz'),
  'widths.json': exportModel(randomModels.widths, 'json')
}

t.test('a file cut off at any percent is refused', async (t) => {
  for (const [name, file] of Object.entries(files)) {
    for (let percent = 0; percent < 100; percent++) {
      const cut = file.subarray(0, Math.floor((file.length * percent) / 100))
      if (attempt(cut) === undefined) t.fail(`${name} is read at ${percent} %`)
    }
    t.pass(name)
  }
})

t.test('a file with bits changed is read or refused', async (t) => {
  for (const [name, file] of Object.entries(files)) {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(7)), { minLength: 1, maxLength: 4 }), (flips) => {
        const changed = Uint8Array.from(file)
        for (const [at, bit] of flips) changed[at] ^= 1 << bit
        attempt(changed)
      }),
      { numRuns: 500 }
    )
    t.pass(name)
  }
})

t.test('a file with bytes of its own put in other places is read or refused', async (t) => {
  for (const [name, file] of Object.entries(files)) {
    fc.assert(
      fc.property(
        fc.nat(file.length - 1),
        fc.nat(file.length - 1),
        fc.integer({ min: 1, max: 64 }),
        (from, to, length) => {
          const changed = Uint8Array.from(file)
          changed.copyWithin(to, from, from + length)
          attempt(changed)
        }
      ),
      { numRuns: 300 }
    )
    t.pass(name)
  }
})

t.test('random bytes behind the first ones of each format are refused', async (t) => {
  const starts = [
    'PK\x03\x04',
    '\x89HDF\r\n\x1a\n\x00',
    '{',
    '\x08\x08',
    '\x10\x00\x00\x00\x00\x00\x00\x00{',
    '\x80\x02',
    '\x93NUMPY',
    '\x1f\x8b',
    ''
  ]
  for (const start of starts) {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (rest) => {
        const error = attempt(Buffer.concat([Buffer.from(start, 'latin1'), rest]))
        return error !== undefined && error.message.length > 10
      }),
      { numRuns: 300 }
    )
    t.pass(JSON.stringify(start))
  }
})

/** A safetensors file with this header and so many bytes of data. */
function safetensors(header: object | string, data = 0, length?: number): Uint8Array {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const file = Buffer.alloc(8 + json.length + data)
  file.writeBigUInt64LE(BigInt(length ?? json.length))
  json.copy(file, 8)
  return file
}

t.test('safetensors headers that contradict themselves are refused, with what and where', async (t) => {
  const f32 = (shape: unknown, data_offsets: unknown) => ({ dtype: 'F32', shape, data_offsets })
  const refused: [Uint8Array, RegExp][] = [
    [safetensors({}, 0, 1000), /its header should end at byte 1008, but the file has 10 bytes/],
    [safetensors({}, 0, 200_000_000), /its header takes 200000000 bytes; at most 100000000 are read/],
    [
      safetensors({ a: f32([2], [0, 8]), b: f32([2], [4, 12]) }, 12),
      /tensor "b" at byte 4 of the data overlaps the tensor before it, at byte 8/
    ],
    [
      safetensors({ a: f32([2], [0, 8]), b: f32([1], [12, 16]) }, 16),
      /tensor "b" at byte 12 of the data leaves a hole before it, at byte 8/
    ],
    [safetensors({ a: f32([2], [0, 8]) }, 12), /the tensors end at byte 8 of the data, which has 12 bytes/],
    [safetensors({ a: f32([2], [0, 80]) }, 8), /tensor "a" should take bytes 0 to 80 of the data, which has 8 bytes/],
    [safetensors({ a: f32([2], [8, 0]) }, 8), /should take bytes 8 to 0/],
    [safetensors({ a: f32([3], [0, 8]) }, 8), /shape \(3\) of F32 takes 12 bytes, not 8/],
    [safetensors({ a: f32([-1], [0, 4]) }, 4), /shape is not an array of whole numbers of at least 0/],
    [safetensors({ a: f32([1.5], [0, 4]) }, 4), /shape is not an array of whole numbers/],
    [safetensors({ a: f32([2 ** 32, 2 ** 32, 2 ** 32], [0, 4]) }, 4), /more values than any file/],
    [safetensors({ a: f32([2 ** 53], [0, 4]) }, 4), /shape is not an array of whole numbers|more values than any file/],
    [
      safetensors(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        4
      ),
      /two tensors "a"/
    ],
    [safetensors({ a: { dtype: 'F31', shape: [1], data_offsets: [0, 4] } }, 4), /dtype "F31", which is not known/],
    [
      safetensors(
        {
          'lstm.weight_ih_l0': { dtype: 'I32', shape: [4, 1], data_offsets: [0, 16] },
          'lstm.weight_hh_l0': { dtype: 'F32', shape: [4, 1], data_offsets: [16, 32] }
        },
        32
      ),
      /"lstm\.weight_ih_l0" has dtype I32; weights are read from F16, BF16, F32, F64/
    ],
    [safetensors({ a: { dtype: {}, shape: [1], data_offsets: [0, 4] } }, 4), /dtype is not a string/],
    [safetensors({ __metadata__: { a: 1 } }), /"a" is not a string/],
    [safetensors('[1]'), /none of|not a JSON object/],
    [safetensors('{"a":'), /tensor "a" is not a JSON object/],
    [safetensors('{'), /its header, which begins at byte 8 of the file: malformed JSON at byte 1/]
  ]
  for (const [file, message] of refused) t.match(attempt(file)?.message, message)
})

t.test('bombs are refused before they go off', async (t) => {
  const zeros = Buffer.alloc(64 * 1024 * 1024)
  const zip = writeZip([['Wf.npy', deflateRawSync(zeros)]])
  // the writer stores; the headers are changed to say what it holds: deflated, of 64 MiB
  const bomb = Buffer.from(zip)
  const directory = bomb.readUInt32LE(bomb.length - 6)
  bomb.writeUInt16LE(8, 8)
  bomb.writeUInt32LE(zeros.length, 22)
  bomb.writeUInt16LE(8, directory + 10)
  bomb.writeUInt32LE(zeros.length, directory + 24)
  t.match(attempt(bomb)?.message, /the entries inflate to 67108864 bytes; the limit is 33554432/)
})
