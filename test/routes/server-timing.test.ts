import t from 'tap'
import { phasesOf } from '../../src/metrics/phases.ts'
import { serverTiming } from '../../src/routes/server-timing.ts'
import { startService } from '../service.ts'

t.test('what is not decoding, computing or encoding is waiting', async (t) => {
  t.equal(
    serverTiming(phasesOf({ decode: 0.5, compute: 1.25, encode: 0.0625 }, 2)),
    'decode;dur=0.500, queue;dur=0.188, compute;dur=1.250, encode;dur=0.063'
  )
  t.match(serverTiming(phasesOf({ decode: 1, compute: 1, encode: 1 }, 2.9999)), /queue;dur=0\.000/)
})

t.test('an inference says where its time went', async (t) => {
  const { ask, load } = await startService(t)
  await load('digits')
  const durations = async (url: string, body: object) => {
    const begin = performance.now()
    const { headers } = await ask({ url, body })
    const total = performance.now() - begin
    const found = [...headers['server-timing'].matchAll(/(\w+);dur=(\d+\.\d{3})/g)].map(([, name, ms]) => [name, +ms])
    const byName = Object.fromEntries(found) as Record<string, number>
    t.strictSame(Object.keys(byName), ['decode', 'queue', 'compute', 'encode'])
    const sum = Object.values(byName).reduce((all, ms) => all + ms, 0)
    t.ok(sum > 0 && sum <= total, `${sum} ms of ${total}`)
    return byName
  }
  await durations('/cell', { parameters: 'digits', xt: new Array(8).fill([1]) })
  const x = (T_x: number) => new Array(8).fill([new Array(T_x).fill(0.5)])
  const short = await durations('/sequence', { parameters: 'digits', x: x(1), outputs: ['a_last'] })
  const long = await durations('/sequence', { parameters: 'digits', x: x(20_000), outputs: ['a_last'] })
  t.ok(long.compute > short.compute && long.decode > short.decode, 'more input, more decoding and computing')
})
