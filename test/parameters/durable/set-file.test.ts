import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { readSetFile, writeSetFile } from '../../../src/parameters/durable/set-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'lstm-serve-set-file-'))
t.teardown(() => import('node:fs/promises').then(({ rm }) => rm(folder, { recursive: true })))

const head = { name: 'digits', created: '2026-01-02T03:04:05.678Z', version: '0123456789abcdef', settings: { a: 1 } }

t.test('comes back as it was written, whatever its size', async (t) => {
  const path = join(folder, 'sizes')
  for (const size of [0, 1, 1000, 65536, 1024 * 1024 - 1, 1024 * 1024, 2 * 1024 * 1024 + 7]) {
    const body = Uint8Array.from({ length: size }, (_, i) => (i * 31) ^ (i >> 8))
    await writeSetFile(path, { ...head, body })
    const { body: back, ...rest } = await readSetFile(path)
    t.strictSame(rest, head)
    t.ok(Buffer.from(back).equals(body), `${size} bytes`)
    t.equal(back.byteLength, back.buffer.byteLength, 'in a buffer of their own, which can be moved')
  }
})

t.test('the body stands in the file as it came, behind two lines', async (t) => {
  const path = join(folder, 'plain')
  await writeSetFile(path, { ...head, body: Buffer.from('{"x": "\n"}') })
  const [first, second, ...body] = readFileSync(path, 'latin1').split('\n')
  t.match(first, /^lstm-serve set 1 sha256 [0-9a-f]{64}$/)
  t.strictSame(JSON.parse(second), head)
  t.equal(body.join('\n'), '{"x": "\n"}')
})

t.test('a file that was cut off anywhere, or has any bit turned, is refused', async (t) => {
  const [good, path] = [join(folder, 'good'), join(folder, 'bad')]
  await writeSetFile(good, { ...head, body: Buffer.from('the body') })
  const bytes = readFileSync(good)
  for (let length = 0; length < bytes.length; length++) {
    writeFileSync(path, bytes.subarray(0, length))
    await t.rejects(readSetFile(path), { code: 'LSTM_ERR_UNREADABLE_FILE' }, `${length} bytes of it`)
  }
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const turned = Buffer.from(bytes)
    turned[bit >> 3] ^= 1 << (bit & 7)
    writeFileSync(path, turned)
    await t.rejects(readSetFile(path), { code: 'LSTM_ERR_UNREADABLE_FILE' }, `bit ${bit}`)
  }
  writeFileSync(path, Buffer.concat([bytes, Buffer.from('x')]))
  await t.rejects(readSetFile(path), { code: 'LSTM_ERR_UNREADABLE_FILE', message: /torn or damaged/ })
})

t.test('what the file system refuses is said', async (t) => {
  const set = { ...head, body: new Uint8Array(10) }
  await t.rejects(writeSetFile('/dev/full', set), {
    code: 'LSTM_ERR_STORAGE_FULL',
    status: 507,
    message: /write: ENOSPC/
  })
  await t.rejects(writeSetFile(join(folder, 'none/set'), set), { code: 'LSTM_ERR_STORAGE', message: /open: ENOENT/ })
  await t.rejects(readSetFile(join(folder, 'none')), { code: 'LSTM_ERR_STORAGE', message: /open: ENOENT/ })
})
