import { spawnSync } from 'node:child_process'
import t from 'tap'
import { sanitizerGuard } from './red-zones.ts'

const skip = sanitizerGuard() === undefined && 'the native kernel is built without sanitizers'

t.test('native code that leaves its piece is caught', { skip }, async (t) => {
  const overrun = (count: number) => `
    const { addressedKernels } = await import('${new URL('./kernels.js', import.meta.url)}')
    for (const { title, create, activations } of addressedKernels.filter(({ title }) => title.startsWith('native'))) {
      const kernel = create()
      const [x, y] = [kernel.allocate(64), kernel.allocate(50)]
      activations(kernel.memory).tanhOf(${count}, x.byteOffset, y.byteOffset)
    }`
  const run = (count: number) => {
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', overrun(count)], {
      encoding: 'utf8'
    })
    return { status, stderr }
  }
  t.equal(run(48).status, 0)
  const { status, stderr } = run(64)
  t.not(status, 0)
  t.match(stderr, /AddressSanitizer: use-after-poison/)
})
