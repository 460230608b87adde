import t from 'tap'
import { loadDescriptors } from '../../src/fronts/descriptors.ts'
import { randomSet } from '../tensors.ts'
import { startThreads, until } from './threads.ts'

if (loadDescriptors() === undefined) {
  t.pass('without the native binary one thread takes requests')
  process.exit(0)
}

const n_x = 64

/** A request whose numbers nobody else has, of some 100 to 700 KB. */
function request(seed: number): { path: string; body: unknown } {
  const T_x = 300 + ((seed * 7919) % 1700)
  const x = Float32Array.from({ length: n_x * T_x }, (_, i) => Math.sin(i * 0.37 + seed * 11.3))
  const data = Buffer.from(x.buffer).toString('base64')
  return { path: '/sequence', body: { parameters: 'p', x: { shape: [n_x, 1, T_x], data }, outputs: ['a_last', 'y'] } }
}

t.test(
  'many large bodies at once, on all threads, in memory that is lent again and again: each gets its own answer',
  async (t) => {
    const { app, lines, socket } = await startThreads(t, 2)
    const opened = [...(await lines()), ...(await lines()), ...(await lines())]
    await opened[0].ask({ method: 'PUT', path: '/parameters/p', body: randomSet(1, n_x, 32, 4) })
    const alone: string[] = []
    for (let seed = 0; seed < 24; seed++) alone.push((await opened[0].ask(request(seed))).text)
    t.equal(new Set(alone).size, alone.length)

    let wrong = 0
    const ask = async (line: (typeof opened)[number], number: number) => {
      for (let turn = 0; turn < 24; turn++) {
        const seed = (turn * 5 + number * 3) % alone.length
        const { status, text } = await line.ask(request(seed))
        if (status !== 200 || text !== alone[seed]) wrong++
        // a fault of the request's own, and one that breaks off in the middle: what they had must not come to others early
        if (turn % 8 === 3)
          await line.ask({ path: '/sequence', body: { ...(request(seed).body as object), outputs: ['?'] } })
        if (turn % 8 === 5) {
          const gone = await socket()
          gone.write(
            'POST /sequence HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 400000\r\n\r\n'
          )
          gone.write('{"parameters":'.padEnd(150_000), () => gone.destroy())
        }
      }
    }
    await Promise.all(opened.map(ask))
    t.equal(wrong, 0)
    await until(() => app.pool.admission.arrivingBytes === 0 && app.pool.pending === 0)
  }
)
