// Runs the test suite on the built code and ends with the counts in plain words.
// Arguments go to tap: node scripts/test.mjs dist/test/codec/*.test.js
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const tap = fileURLToPath(import.meta.resolve('tap')).replace(/node_modules\/tap\/.*$/, 'node_modules/.bin/tap')
const scratch = mkdtempSync(join(tmpdir(), 'lstm-serve-test-'))
const output = join(scratch, 'output.tap')

try {
  const { status } = spawnSync(
    tap,
    ['run', '--reporter=terse', '--no-color', '--jobs=2', `--output-file=${output}`, ...process.argv.slice(2)],
    { cwd: root, stdio: 'inherit' }
  )
  const totals = /^# \{ total: (\d+)(?:, pass: (\d+))?(?:, fail: (\d+))?(?:, skip: (\d+))?/m.exec(
    readFileSync(output, 'utf8')
  )
  const [, total = 0, passed = 0, failed = 0, skipped = 0] = totals ?? []
  // the reporter may leave a control sequence on the line
  console.log(`\n${passed} passed, ${failed} failed${Number(skipped) > 0 ? `, ${skipped} skipped` : ''}`)
  process.exitCode = status === 0 && Number(total) > 0 && Number(failed) === 0 ? 0 : 1
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
