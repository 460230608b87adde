// Compiles the WASM kernel twice from one source: with relaxed SIMD (fused multiply-add) and without, for engines
// that do not have it, of which the kernel chooses at start; and the inner loops of the JSON codec.
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const baseDir = fileURLToPath(new URL('..', import.meta.url))
// No runtime, no managed objects.
const common = ['--baseDir', baseDir, '--runtime', 'stub', '-O3', '--noAssert']

const kernel = (name, features) => [
  ...['src/kernels/wasm/assembly/index.ts', '--outFile', `dist/src/kernels/wasm/lstm-${name}.wasm`],
  ...['--enable', features],
  // The memory is imported, shared, and laid out by memory.ts and kernel.ts.
  ...['--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'],
  // Constants lie in the first page, behind the book-keeping of memory.ts.
  ...['--memoryBase', '4096']
]

const builds = [
  kernel('simd', 'simd,threads'),
  kernel('relaxed', 'simd,relaxed-simd,threads'),
  // Its memory is its own and never grows, so that the views on it stay.
  ['src/codec/json/wasm/assembly/index.ts', '--outFile', 'dist/src/codec/json/wasm/codec.wasm', '--enable', 'simd']
]

export async function buildWasm() {
  for (const build of builds) {
    const { error, stderr } = await asc.main([...build, ...common])
    const said = stderr.toString()
    if (said) console.error(said)
    if (error) throw error
  }
}
