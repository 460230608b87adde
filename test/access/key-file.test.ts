import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { KeyFile } from '../../src/access/key-file.ts'

const sha256 = (key: string) => createHash('sha256').update(key).digest('hex')

t.test('finds the client of a key among several', async (t) => {
  const keys = new KeyFile(
    `# who may do what\n\n web infer ${sha256('w')}\r\nops\tinfer,manage ${sha256('o').toUpperCase()} # on call\nscraper metrics ${sha256('s')}`
  )
  t.equal(keys.size, 3)
  t.strictSame(keys.find('w'), { id: 'web', scopes: new Set(['infer']) })
  t.strictSame(keys.find('o'), { id: 'ops', scopes: new Set(['infer', 'manage']) })
  t.strictSame(keys.find('s'), { id: 'scraper', scopes: new Set(['metrics']) })
  for (const key of ['', 'W', 'ww', sha256('w')]) t.equal(keys.find(key), undefined)
})

function objection(text: string): string {
  try {
    new KeyFile(text)
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

t.test('says which line is wrong, and never what hash stands there', async (t) => {
  const hash = sha256('k')
  const cases: [string, RegExp][] = [
    ['', /^it holds no key$/],
    ['# only a comment', /^it holds no key$/],
    [`a infer`, /^line 1: expected "id scopes sha256"$/],
    [`\na infer ${hash} more`, /^line 2: expected/],
    [`a/b infer ${hash}`, /^line 1: the id is not/],
    [`a infer ${hash}\na infer ${hash}`, /^line 2: the id a stands here twice$/],
    [`a admin ${hash}`, /^line 1: the scopes of a are not among infer, manage, metrics$/],
    [`a infer, ${hash}`, /^line 1: the scopes of a/],
    [`a infer ${hash.slice(1)}`, /^line 1: the hash of a is not 64 hexadecimal digits$/],
    [Array.from({ length: 1001 }, (_, i) => `k${i} infer ${hash}`).join('\n'), /^it holds 1001 keys; at most 1000/]
  ]
  for (const [text, message] of cases) {
    const said = objection(text)
    t.match(said, message)
    t.notMatch(said, hash.slice(1, 9))
  }
})

t.test('the program makes a key that its line lets in', async (t) => {
  const program = fileURLToPath(new URL('../../src/make-key.js', import.meta.url))
  const run = (...args: string[]) => spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' })
  const { stdout, status } = run('web', 'infer,metrics')
  t.equal(status, 0)
  const [, key, line] = /client: (\S+)\n.*file: {2}(.*)\n$/.exec(stdout)!
  t.match(key, /^[\w-]{43}$/)
  t.strictSame(new KeyFile(line).find(key), { id: 'web', scopes: new Set(['infer', 'metrics']) })
  t.not(run('web', 'infer').stdout, run('web', 'infer').stdout)
  for (const args of [[], ['web'], ['a b', 'infer'], ['web', 'admin']]) {
    t.match(run(...args), { status: 2, stderr: /usage/ })
  }
})
