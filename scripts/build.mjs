// Builds dist/ from nothing, so that a deleted source file cannot live on in it. The compilers of TypeScript, of the WASM
// kernel and, when its sources have changed, of the native kernel run beside each other.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { buildNative } from './build-native.mjs'
import { buildWasm } from './build-wasm.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

rmSync(`${root}dist`, { recursive: true, force: true })
const tsc = once(spawn(`${root}node_modules/.bin/tsc`, [], { cwd: root, stdio: 'inherit' }), 'close')
const native = buildNative()
await buildWasm()
const { built, message } = await native
if (!built) console.error(message)
const [code] = await tsc
if (code !== 0) process.exit(1) // the compiler has said why

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
