import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { fileOf, SetFolder } from '../../../src/parameters/durable/folder.ts'

async function open(t: Test, path: string): Promise<SetFolder> {
  const folder = await SetFolder.open(path)
  t.teardown(() => folder.close())
  return folder
}

t.test('each name has a file of its own, where case does not count too', async (t) => {
  t.equal(fileOf('digits'), 'digits.set')
  t.equal(fileOf('Digits-2.B_'), '+digits-2.+b_.set')
  t.not(fileOf('A').toLowerCase(), fileOf('a').toLowerCase())
})

t.test('what is written aside shows under its name once it is committed, and not before', async (t) => {
  const folder = await open(t, join(t.testdir(), 'made', 'on the way'))
  const first = folder.keep('p', new Date(0))
  writeFileSync(first.aside, 'one')
  t.strictSame(await folder.files(), [])
  await folder.commit(first)
  t.strictSame(await folder.files(), ['p.set'])

  const second = folder.keep('p', new Date(0))
  writeFileSync(second.aside, 'two')
  t.equal(readFileSync(join(folder.path, 'p.set'), 'utf8'), 'one')
  await folder.commit(second)
  t.equal(readFileSync(join(folder.path, 'p.set'), 'utf8'), 'two')

  const third = folder.keep('p', new Date(0))
  writeFileSync(third.aside, 'three')
  await folder.drop(third)
  await folder.drop(third)
  t.notOk(existsSync(third.aside))

  await folder.remove('p')
  await folder.remove('p')
  t.strictSame(await folder.files(), [])
  await t.rejects(folder.commit(third), { code: 'LSTM_ERR_STORAGE', message: /rename: ENOENT/ })
})

t.test('what a process left unfinished is swept out at the next start', async (t) => {
  const path = t.testdir({ '.aside-1': 'half', 'a.set': 'a', 'lost+found': {}, 'notes.txt': '' })
  const folder = await open(t, path)
  t.strictSame(await folder.files(), ['a.set'])
  t.strictSame(readdirSync(path).sort(), ['.lock', 'a.set', 'lost+found', 'notes.txt'])
})

/** Another process that holds the lock of a folder. */
async function holder(t: Test, path: string): Promise<ChildProcess> {
  const module = new URL('../../../src/parameters/durable/folder.js', import.meta.url)
  const script = `const { SetFolder } = await import('${module}')
    await SetFolder.open(process.argv[1])
    process.stdout.write('locked')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, path], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  t.teardown(() => child.kill('SIGKILL'))
  await once(child.stdout!, 'data')
  return child
}

t.test('one process has the folder; when it is killed the next one gets it at once', async (t) => {
  const path = t.testdir()
  const other = await holder(t, path)
  await t.rejects(SetFolder.open(path), {
    message: new RegExp(`is locked: the folder is in use by process ${other.pid} on \\S+ since \\d{4}-`)
  })
  other.kill('SIGKILL')
  await once(other, 'exit')
  const folder = await open(t, path)
  t.equal(folder.readOnly, false)
  await t.rejects(SetFolder.open(path), { message: `is in use by process ${process.pid}` }, 'in one process too')
})

t.test('of many that start at once over the lock of a dead process, one gets the folder', async (t) => {
  const path = t.testdir()
  const dead = await holder(t, path)
  dead.kill('SIGKILL')
  await once(dead, 'exit')
  const opened = await Promise.allSettled(Array.from({ length: 10 }, () => SetFolder.open(path)))
  const folders = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  t.equal(folders.length, 1)
  await folders[0].close()
  await open(t, path)
})

t.test('a lock that cannot be had is said so', async (t) => {
  const { PATH } = process.env
  process.env.PATH = t.testdir()
  t.teardown(() => {
    process.env.PATH = PATH
  })
  await t.rejects(SetFolder.open(t.testdir()), { message: /flock \(util-linux\) is needed/ })
})
