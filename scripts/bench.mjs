// npm run bench: builds, installs what bench/ compares with, and runs it.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

const steps = [
  [root, 'npm', 'run', '--silent', 'build'],
  [`${root}bench`, 'npm', 'ci', '--ignore-scripts', '--silent'],
  [root, process.execPath, 'bench/main.mjs', ...process.argv.slice(2)]
]

// Ctrl-C reaches the children too; they put everything in order and end first.
process.on('SIGINT', () => {})

for (const [cwd, command, ...args] of steps) {
  const { status } = spawnSync(command, args, { cwd, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
