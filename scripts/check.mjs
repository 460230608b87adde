// Everything that is checked besides the tests, for people and CI alike. Ends with what failed, by name.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

const checks = [
  ['types and build', 'npm', 'run', '--silent', 'build'],
  ['lint and format', 'biome', 'check', '--error-on-warnings', '.'],
  ['dead code', 'knip', '--no-progress'],
  ['import directions', 'depcruise', '--config', '.dependency-cruiser.cjs', 'src', 'schemas'],
  ['duplicates', 'jscpd', '--config', '.jscpd.json', 'src', 'schemas', 'scripts', 'examples', 'bench'],
  ['openapi.yaml', 'node', 'scripts/openapi.mjs'],
  ['tables in documents', 'node', 'scripts/documents.mjs']
]

const failed = []
for (const [name, command, ...args] of checks) {
  console.log(`== ${name}`)
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: `${root}node_modules/.bin:${process.env.PATH}` }
  })
  if (status !== 0) failed.push(name)
}
if (failed.length > 0) {
  console.error(`failed: ${failed.join(', ')}`)
  process.exitCode = 1
} else {
  console.log('all checks passed')
}
