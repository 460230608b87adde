import { readZip } from '../../../dist/src/parameters/files/zip.js'
import { writeZip } from '../../../dist/src/parameters/files/zip-writer.js'

const integers = [0, 1, 2, 127, 128, 255, 256, 32767, 65535, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]
const tokens = [
  ...['1e999', '-1e999', '-0', '00', '1.', '.5', '1e', 'NaN', 'Infinity', 'null', 'true', '\\ud800', '\\u0000', '\\x'],
  ...[
    '[[[[',
    ']]]]',
    '{"',
    '{}',
    '[]',
    '""',
    '":',
    ',',
    '"shape":[2,2],',
    '"data":"AAAA"',
    '"__proto__":{},',
    '\ufeff'
  ],
  ...[
    '9'.repeat(400),
    `0.${'0'.repeat(400)}1`,
    '['.repeat(500),
    '{"a":'.repeat(500),
    ' '.repeat(3000),
    '\0',
    '/*',
    '//'
  ],
  ...['float32', "'<f8'", "'>f4'", "'|O'", '(1,)', '(999999999,)', 'F64', 'BF16', 'I64', 'lstm', 'weight_ih_l0']
].map((token) => Buffer.from(token))

/** One to eight changes of bytes; now and then of what lies inside a zip, whose checksums are made right again. */
export function mutate(body, random, others) {
  if (body[0] === 0x50 && body[1] === 0x4b && random.chance(0.7)) {
    const inside = mutateEntry(body, random, others)
    if (inside !== undefined) return inside
  }
  if (random.chance(0.3) && looksLikeSafetensors(body)) return mutateSafetensors(body, random, others)
  let bytes = Buffer.from(body)
  const changes = 1 + random.below(random.of([1, 2, 8]))
  for (let i = 0; i < changes; i++) bytes = change(bytes, random, others)
  return bytes
}

function change(bytes, random, others) {
  const { length } = bytes
  // what says how to read a file mostly stands near its ends
  const near = Math.min(length, random.of([64, 512, length, length]))
  const at = random.chance(0.3) ? length - random.below(near + 1) : random.below(near + 1)
  const end = Math.min(length, at + 1 + random.below(random.of([1, 4, 64, 4096])))
  const part = bytes.subarray(at, end)
  switch (random.below(10)) {
    case 0: // one bit
      if (at < length) bytes[at] ^= 1 << random.below(8)
      return bytes
    case 1: // one byte
      if (at < length) bytes[at] = random.below(256)
      return bytes
    case 2: // a number that is an edge somewhere
      return writeInteger(bytes, at, random)
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)])
    case 4:
      return bytes.subarray(0, at)
    case 5:
      return Buffer.concat([bytes.subarray(0, end), part, bytes.subarray(end)])
    case 6: {
      const other = random.of(others)
      const from = random.below(other.length + 1)
      return Buffer.concat([bytes.subarray(0, at), other.subarray(from, from + (end - at)), bytes.subarray(at)])
    }
    case 7: {
      const other = random.of(others)
      return Buffer.concat([bytes.subarray(0, at), other.subarray(random.below(other.length + 1))])
    }
    default:
      return Buffer.concat([bytes.subarray(0, at), random.of(tokens), bytes.subarray(random.chance(0.5) ? at : end)])
  }
}

function writeInteger(bytes, at, random) {
  const value = random.of(integers)
  const width = random.of([1, 2, 4, 8])
  if (at + width > bytes.length) return bytes
  if (width === 8) bytes.writeBigUInt64LE(BigInt(value) << BigInt(random.of([0, 0, 31])), at)
  else bytes.writeUIntLE(value % 2 ** (8 * width), at, width)
  return bytes
}

function mutateEntry(body, random, others) {
  const entries = [...readZip(body, { maxInflatedBytes: 1e8 }, 'zip')]
  if (entries.length === 0) return undefined
  const which = random.below(entries.length)
  const name = entries[which][0]
  const content = Buffer.from(entries[which][1])
  switch (random.below(8)) {
    case 0:
      entries.splice(which, 1)
      break
    case 1:
      entries[which] = [`${name}x`, content]
      break
    case 2:
      entries[which] = [name, random.of(entries)[1]]
      break
    default:
      entries[which] = [name, mutate(content, random, others)]
  }
  return Buffer.from(writeZip(entries))
}

function looksLikeSafetensors(body) {
  return body.length > 10 && body[8] === 0x7b && body.readUIntLE(0, 6) < body.length
}

/** The header alone, with its length made right again. */
function mutateSafetensors(body, random, others) {
  const end = 8 + body.readUIntLE(0, 6)
  const header = change(Buffer.from(body.subarray(8, end)), random, others)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  return Buffer.concat([length, header, body.subarray(end)])
}
