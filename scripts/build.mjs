// Builds dist/ from nothing, so that a deleted source file cannot live on in it.
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { buildWasm } from './build-wasm.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = (name) => `${root}node_modules/.bin/${name}`

rmSync(`${root}dist`, { recursive: true, force: true })
try {
  execFileSync(bin('tsc'), [], { cwd: root, stdio: 'inherit' })
} catch {
  process.exit(1) // the compiler has said why
}

await buildWasm()

// typebox in one file, in the place of the module that re-exports it
const typebox = `${root}dist/schemas/typebox.js`
await build({
  entryPoints: [typebox],
  outfile: typebox,
  allowOverwrite: true,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // its coverage is its authors' business
  banner: { js: '/* c8 ignore start */' },
  footer: { js: '/* c8 ignore stop */' }
})
rmSync(`${typebox}.map`)
