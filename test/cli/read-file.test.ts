import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { readFile } from '../../src/cli/read-file.ts'

t.test('a file is read whole, and says how far it is when it takes long', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lstm-serve-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'file')
  const content = Uint8Array.from({ length: 1000 }, (_, i) => i % 251)
  writeFileSync(path, content)
  const seen: number[] = []
  const report = (percent: number) => seen.push(percent)
  t.strictSame(readFile(path, { report, pieceBytes: 300, silentMs: 0 }), content)
  t.strictSame(seen, [30, 60, 90, 100])
  readFile(path, { report })
  t.equal(seen.length, 4, 'a short one says nothing')
  writeFileSync(path, '')
  t.equal(readFile(path, { report, silentMs: 0 }).length, 0)
  t.throws(() => readFile(join(folder, 'none'), { report }), { code: 'ENOENT' })
})
