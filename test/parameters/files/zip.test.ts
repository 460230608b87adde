import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { constants, crc32, deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { LstmError } from '../../../src/errors.ts'
import { readZip } from '../../../src/parameters/files/zip.ts'
import { writeZip } from '../../../src/parameters/files/zip-writer.ts'

const character = fc.constantFrom('a', '1', '/', '.', 'ß', '漢', '😀', '\0', '\ufeff')
const limits = { maxInflatedBytes: 1 << 20 }
const fixture = (file: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(`test/fixtures/npz/${file}`))
const view = (zip: Uint8Array): DataView => new DataView(zip.buffer, zip.byteOffset, zip.byteLength)
const text = (content: string): Uint8Array => new TextEncoder().encode(content)

interface Part {
  readonly name: string
  readonly content: Uint8Array
  /** Inflated size and CRC as declared; those of a stored entry's content when left out. */
  readonly size?: number
  readonly crc?: number
  readonly method?: number
  readonly flags?: number
  /** Writes no local header and no data, but points here. */
  readonly offset?: number
}

/** A zip with every lie that a test wants; zip.ts has its own writer, which cannot lie. */
function zipOf(...parts: readonly Part[]): Buffer<ArrayBuffer> {
  const files: Buffer[] = []
  const directory: Buffer[] = []
  let length = 0
  for (const { name, content, size = content.length, crc = crc32(content), method = 0, flags = 0, offset } of parts) {
    const shared = Buffer.alloc(26)
    shared.writeUInt16LE(flags, 2)
    shared.writeUInt16LE(method, 4)
    shared.writeUInt32LE(crc, 10)
    shared.writeUInt32LE(content.length, 14)
    shared.writeUInt32LE(size, 18)
    shared.writeUInt16LE(Buffer.byteLength(name), 22)
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(offset ?? length, 10)
    directory.push(Buffer.from('PK\x01\x02\0\0'), shared, tail, Buffer.from(name))
    if (offset !== undefined) continue
    const file = Buffer.concat([Buffer.from('PK\x03\x04'), shared, Buffer.from(name), content])
    files.push(file)
    length += file.length
  }
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06')
  end.writeUInt16LE(parts.length, 8)
  end.writeUInt16LE(parts.length, 10)
  end.writeUInt32LE(Buffer.concat(directory).length, 12)
  end.writeUInt32LE(length, 16)
  return Buffer.from(new Uint8Array(Buffer.concat([...files, ...directory, end])).buffer)
}

const deflated = (name: string, content: Uint8Array): Part => {
  return { name, content: deflateRawSync(content), size: content.length, crc: crc32(content), method: 8 }
}

const refuses = (t: Test, zip: Uint8Array, message: string | RegExp, more = {}): void => {
  const expected = { constructor: LstmError, code: 'LSTM_ERR_UNREADABLE_FILE', message }
  t.throws(() => readZip(zip, { ...limits, ...more }, 'keras'), expected, String(message))
}

t.test('stored entries are views on the file, deflated ones are inflated', async (t) => {
  const zip = zipOf(
    { name: 'a', content: text('hello') },
    deflated('b/c', text('hello '.repeat(99))),
    deflated('', text(''))
  )
  const read = readZip(zip, limits, 'keras')
  t.strictSame(
    [...read].map(([name, content]) => [name, Buffer.from(content).toString()]),
    [
      ['a', 'hello'],
      ['b/c', 'hello '.repeat(99)],
      ['', '']
    ]
  )
  t.equal(read.get('a')!.buffer, zip.buffer)
  for (const content of read.values()) t.notOk(Buffer.isBuffer(content), 'slice() copies')
})

t.test('entries that are refused, with the reason', async (t) => {
  const a = { name: 'a', content: text('hello hello') }
  const b = { ...a, name: 'b' }
  const z = deflated('z', text('hello hello hello'))
  refuses(t, zipOf({ ...a, crc: 1 }), 'keras: entry "a" is damaged: its CRC-32 is 0x012da640, expected 0x00000001')
  refuses(t, zipOf({ ...z, crc: 1 }), /entry "z" is damaged/)
  refuses(t, zipOf({ ...a, size: 12 }), 'keras: entry "a" is stored, but declares 12 bytes in 11')
  refuses(t, zipOf({ ...z, size: 16 }), 'keras: entry "z" inflates to more than the 16 bytes that it declares')
  refuses(t, zipOf({ ...z, size: 0 }), 'keras: entry "z" inflates to more than the 0 bytes that it declares')
  refuses(t, zipOf({ ...z, size: 18 }), 'keras: entry "z" inflates to 17 bytes; it declares 18')
  refuses(t, zipOf({ ...z, content: z.content.subarray(0, -1) }), /entry "z" cannot be inflated: unexpected end/)
  refuses(t, zipOf({ ...z, content: text('\x07') }), /entry "z" cannot be inflated: invalid block type/)
  const longer = { ...z, content: Buffer.concat([z.content, text('more')]) }
  refuses(t, zipOf(longer), 'keras: entry "z" has 4 bytes more than its deflated content')
  refuses(t, zipOf({ ...z, content: text('') }), /entry "z" cannot be inflated/)
  refuses(t, zipOf({ ...a, flags: 1 }), 'keras: entry "a" is encrypted')
  for (const bit of [4, 5, 6, 13]) refuses(t, zipOf({ ...a, flags: 1 << bit }), /needs features that are not read/)
  for (const method of [9, 12, 14, 93, 99])
    refuses(
      t,
      zipOf({ ...a, method }),
      `keras: entry "a" has compression method ${method}; only 0 (stored) and 8 (deflated) are read`
    )
  refuses(t, zipOf(a, b, a), 'keras: two entries are called "a"')
  refuses(
    t,
    zipOf(a, { ...b, offset: 0 }),
    'keras: entry "b": its header at byte 0 and the central directory do not agree'
  )
  refuses(t, zipOf({ ...a, offset: 7 }, b), 'keras: entry "a": expected its header at byte 7')
  refuses(t, zipOf({ ...a, offset: 2 ** 32 - 2 }), 'keras: entry "a": expected its header at byte 4294967294')
  refuses(t, zipOf({ ...a, offset: 2 ** 32 - 1 }), 'keras: entry "a": expected its header at byte 4294967295')
  refuses(t, zipOf(a, b), 'keras: the zip has 2 entries; at most 1 are read', { maxEntries: 1 })
  refuses(t, zipOf(a, z), 'keras: the entries inflate to 28 bytes; the limit is 27', { maxInflatedBytes: 27 })
  t.equal(readZip(zipOf(a, z), { maxInflatedBytes: 28, maxEntries: 2 }, 'keras').size, 2, 'at both limits')
  refuses(t, zipOf({ ...a, name: 'x'.repeat(60_000), flags: 1 }), /^.{100,150}$/)
  const latin = zipOf({ ...a, name: 'aé' })
  for (let at = latin.indexOf('é'); at >= 0; at = latin.indexOf('é')) latin[at] = 0xe9
  refuses(t, latin, 'keras: entry 1 of 1, at byte 44: the name is not UTF-8')
})

t.test('entries that share bytes', async (t) => {
  // An entry that holds another one, header and all: both can be read, and nesting them makes small bombs of large ones.
  const inner = zipOf({ name: 'in', content: text('inner') }).subarray(0, 37)
  const zip = zipOf({ name: 'out', content: inner }, { name: 'in', content: text('inner'), offset: 33 })
  refuses(t, zip, 'keras: entries "out" and "in" share bytes')
  const empty = zipOf({ name: 'in', content: text('') }).subarray(0, 32)
  const header = zipOf({ name: 'out', content: empty }, { name: 'in', content: text(''), offset: 33 })
  refuses(t, header, 'keras: entries "out" and "in" share bytes')
  const beside = zipOf({ name: 'out', content: inner }, { name: 'in', content: text('inner') })
  t.equal(readZip(beside, limits, 'keras').size, 2)
})

t.test('the ends of a zip', async (t) => {
  const zip = zipOf({ name: 'a', content: text('hello') })
  const cutOff = /^keras: no zip directory ends at the last of the \d+ bytes; the file is cut off or is not a zip$/
  refuses(t, Buffer.concat([zip, Buffer.from([0])]), cutOff)
  refuses(t, new Uint8Array(), cutOff)
  refuses(t, new Uint8Array(100_000), cutOff)
  refuses(
    t,
    Buffer.concat([Buffer.from('#!/bin/sh\n'), zip]),
    'keras: the zip directory should take bytes 36 to 83, but its end record is at byte 93'
  )
  const comment = Buffer.concat([zip, Buffer.alloc(0xffff, 'x')])
  comment.writeUInt16LE(0xffff, zip.length - 2)
  t.equal(readZip(comment, limits, 'keras').size, 1, 'the longest comment')
  const change = (at: number, value: number): Buffer => {
    const changed = Buffer.from(zip)
    changed[zip.length - 22 + at] = value
    return changed
  }
  refuses(t, change(4, 1), 'keras: the zip is a part of several files; only whole ones are read')
  refuses(t, change(8, 2), 'keras: the zip is a part of several files; only whole ones are read')
  const two = Buffer.from(zip)
  two[zip.length - 12] = two[zip.length - 14] = 2
  refuses(t, two, 'keras: entry 2 of 2, at byte 83: expected a central directory header')
  two[zip.length - 12] = two[zip.length - 14] = 0
  refuses(t, two, 'keras: the central directory has 47 bytes after its last entry')
})

t.test('a zip64 end must agree with the plain one', async (t) => {
  const zip = fixture('zip64.npz')
  const end = view(zip)
  const [count, size, start] = [8, 12, 16].map((at) => zip.length - 22 + at)
  end.setUint16(count, 3, true)
  end.setUint16(count + 2, 3, true)
  t.equal(readZip(zip, limits, 'npz').size, 3)
  end.setUint16(count, 2, true)
  end.setUint16(count + 2, 2, true)
  refuses(t, zip, 'keras: the two ends of directory, zip and zip64, do not agree')
  for (const at of [size, start]) {
    const other = fixture('zip64.npz')
    view(other).setUint32(at, 1, true)
    refuses(t, other, 'keras: the two ends of directory, zip and zip64, do not agree')
  }
})

const files = ['savez.npz', 'savez_compressed.npz', 'zip64.npz', 'streamed.npz', 'empty.npz']

t.test('cut off at every byte', async (t) => {
  for (const file of files) {
    const zip = fixture(file)
    for (let length = 0; length < zip.length; length++) {
      if (throwsOnly(zip.subarray(0, length))) continue
      t.fail(`${file} reads after ${length} of ${zip.length} bytes`)
    }
    t.equal(throwsOnly(zip), false, file)
  }
})

/** False when the zip can be read; any error but a refusal is let through. */
function throwsOnly(zip: Uint8Array): boolean {
  try {
    readZip(zip, limits, 'npz')
    return false
  } catch (error) {
    if (error instanceof LstmError && error.code === 'LSTM_ERR_UNREADABLE_FILE') return true
    throw error
  }
}

/** The bytes of a zip that say nothing about its content: who wrote it, when, for which system; and copies of others. */
function idleBytes(zip: Uint8Array): Set<number> {
  const bytes = view(zip)
  const ranges: [at: number, length: number][] = []
  for (let at = 0; at + 4 <= zip.length; at++) {
    const signature = bytes.getUint32(at, true)
    if (signature === 0x04034b50) {
      ranges.push([at + 4, 2], [at + 10, 4]) // version needed, time and date
      // CRC and sizes, here and in the zip64 field, when they come after the data
      if (bytes.getUint16(at + 6, true) & 8)
        ranges.push([at + 14, 12], [at + 30 + bytes.getUint16(at + 26, true) + 4, 16])
    }
    if (signature === 0x02014b50) {
      ranges.push([at + 4, 4], [at + 12, 4], [at + 36, 6]) // versions, time and date, attributes
      const local = bytes.getUint32(at + 42, true)
      const start = local + 30 + bytes.getUint16(local + 26, true) + bytes.getUint16(local + 28, true)
      // A deflated stream ends within a byte; the bits after it are padding.
      if (bytes.getUint16(at + 10, true) === 8) ranges.push([start + bytes.getUint32(at + 20, true) - 1, 1])
    }
    if (signature === 0x06064b50) ranges.push([at + 12, 4]) // versions
    if (signature === 0x08074b50) ranges.push([at, 24]) // the CRC and sizes after the data
  }
  return new Set(ranges.flatMap(([at, length]) => Array.from({ length }, (_, i) => at + i)))
}

t.test('each bit flipped: refused, or else the byte is an idle one and the content is the same', async (t) => {
  for (const file of ['zip64.npz', 'streamed.npz', 'empty.npz']) {
    const zip = fixture(file)
    const idle = idleBytes(zip)
    const whole = [...readZip(fixture(file), limits, 'npz')]
    const believed: string[] = []
    for (let i = 0; i < zip.length * 8; i++) {
      const [at, bit] = [i >> 3, 1 << (i & 7)]
      zip[at] ^= bit
      if (!throwsOnly(zip)) {
        assert.deepEqual([...readZip(zip, limits, 'npz')], whole)
        if (!idle.has(at)) believed.push(`byte ${at}, bit ${bit}`)
      }
      zip[at] ^= bit
    }
    t.strictSame(believed, [], file)
  }
})

/** Deflated zeros in a moment: the stream of one MiB of them, again and again. */
function zeros(mebibytes: number): Buffer {
  const block = deflateRawSync(new Uint8Array(1 << 20), { finishFlush: constants.Z_FULL_FLUSH })
  return Buffer.concat([...Array<Buffer>(mebibytes).fill(block), deflateRawSync(new Uint8Array())])
}

t.test('bombs cost no more than the limit', async (t) => {
  const limit = 64 << 20
  const bomb = zeros(8 << 10)
  t.ok(bomb.length > 8e6 && bomb.length < 10e6, `${bomb.length} bytes for 8 GiB`)
  const filled = { ...deflated('', new Uint8Array(10_000)) }
  const parts = (count: number, part: Omit<Part, 'name'>) =>
    Array.from({ length: count }, (_, i) => ({ ...part, name: `${i}` }))
  const bombs: Record<string, [Buffer, RegExp]> = {
    declared: [
      zipOf({ name: 'a', content: bomb, size: 2 ** 32 - 2, method: 8 }),
      /to 4294967294 bytes; the limit is 67108864$/
    ],
    undeclared: [zipOf({ name: 'a', content: bomb, size: limit, method: 8 }), /to more than the 67108864 bytes/],
    halfDeclared: [
      zipOf(...parts(16, { content: bomb.subarray(0, 5e5), size: 4 << 20, method: 8 })),
      /more than the 4194304/
    ],
    small: [zipOf(...parts(7000, filled)), /inflate to 70000000 bytes/],
    many: [zipOf(...parts(10_001, { content: text('') })), /has 10001 entries; at most 10000/],
    allowed: [
      zipOf({ name: 'a', content: zeros(64), size: limit, crc: crc32(new Uint8Array(limit)), method: 8 }),
      /^read 1$/
    ],
    allowedMany: [zipOf(...parts(10_000, { ...filled, ...deflated('', text('x')) })), /^read 10000$/]
  }
  // In a process of its own, whose greatest memory is of this alone. Compiled tests run, so the name ends in .js.
  const module = new URL('../../../src/parameters/files/zip.js', import.meta.url)
  const program = `
    import { readFileSync } from 'node:fs'
    import { readZip } from '${module}'
    for (const label of process.argv.slice(2)) {
      const zip = readFileSync(process.argv[1] + '/' + label)
      const [before, start] = [process.memoryUsage.rss(), performance.now()]
      let outcome
      try { outcome = 'read ' + readZip(zip, { maxInflatedBytes: ${limit} }, 'npz').size } catch (error) { outcome = error.message }
      const [ms, kilobytes] = [performance.now() - start, process.resourceUsage().maxRSS - before / 1000]
      console.log(JSON.stringify({ label, outcome, ms: Math.round(ms), megabytes: Math.round(kilobytes / 1000) }))
    }`
  const folder = t.testdir()
  for (const [label, [zip]] of Object.entries(bombs)) writeFileSync(`${folder}/${label}`, zip)
  const args = ['--input-type=module', '-e', program, folder, ...Object.keys(bombs)]
  const lines = execFileSync(process.execPath, args).toString().trim().split('\n')
  t.equal(lines.length, Object.keys(bombs).length)
  for (const line of lines) {
    const { label, outcome, ms, megabytes } = JSON.parse(line)
    const [zip, expected] = bombs[label]
    t.match(outcome, expected)
    t.ok(ms < 2000 && megabytes < 150, `${label}: ${zip.length} bytes, ${ms} ms, ${megabytes} MB`)
  }
})

t.test('any bytes, and any bytes between the ends of a zip, are refused in order', async (t) => {
  const savez = fixture('savez.npz')
  const property = fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(savez.length), (bytes, at) => {
    throwsOnly(bytes)
    const spoilt = savez.slice()
    spoilt.set(bytes.subarray(0, savez.length - at), at)
    throwsOnly(spoilt)
    throwsOnly(Buffer.concat([savez.subarray(0, at), bytes, savez.subarray(at)]))
    throwsOnly(Buffer.concat([bytes, savez.subarray(-22)]))
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 1000 }))
})

t.test('what writeZip writes, readZip reads', async (t) => {
  const entry = fc.tuple(fc.string({ unit: character, maxLength: 20 }), fc.uint8Array({ maxLength: 100 }))
  const property = fc.property(fc.uniqueArray(entry, { selector: ([name]) => name, maxLength: 8 }), (entries) => {
    const zip = writeZip(entries)
    assert.deepEqual([...readZip(zip, limits, 'npz')], entries)
    assert.deepEqual(writeZip(new Map(entries)), zip, 'the same bytes again')
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 200 }))
})

t.test('what a zip without zip64 cannot hold', async (t) => {
  const entries = Array.from({ length: 65536 }, (_, i): [string, Uint8Array] => [`${i}`, text('')])
  t.throws(() => writeZip(entries), { constructor: RangeError, message: /65536 entries/ })
  t.throws(() => writeZip([['x'.repeat(65536), text('')]]), RangeError)
  t.throws(() => writeZip([['a', { length: 2 ** 32 } as Uint8Array]]), {
    message: /1 entries in 4294967374 bytes are past/
  })
  t.equal(readZip(writeZip(entries.slice(1)), { maxInflatedBytes: 0, maxEntries: 65535 }, 'npz').size, 65535)
})
