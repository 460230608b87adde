// Compiles the WASM kernel twice from one source: with relaxed SIMD (fused multiply-add) and without, for engines
// that do not have it. The kernel chooses at start.
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const baseDir = fileURLToPath(new URL('..', import.meta.url))
const builds = { simd: 'simd,threads', relaxed: 'simd,relaxed-simd,threads' }

export async function buildWasm() {
  for (const [name, features] of Object.entries(builds)) {
    const { error, stderr } = await asc.main([
      'src/kernels/wasm/assembly/index.ts',
      ...['--baseDir', baseDir, '--outFile', `dist/src/kernels/wasm/lstm-${name}.wasm`, '--enable', features],
      // No runtime, no managed objects: the memory is imported, shared, and laid out by memory.ts and kernel.ts.
      ...['--runtime', 'stub', '--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'],
      // Constants lie in the first page, behind the book-keeping of memory.ts.
      ...['--memoryBase', '4096', '-O3', '--noAssert']
    ])
    const said = stderr.toString()
    if (said) console.error(said)
    if (error) throw error
  }
}
