import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import type { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import t from 'tap'
import { exportModel } from '../../../src/parameters/exporters/export-model.ts'
import { inferBody } from '../../infer-message.ts'
import { type RandomLayer, randomModel } from '../../random-model.ts'
import { type Flags, joined, message, post, put, unsplit, valuesOf } from '../../sequence-message.ts'
import { type Service, startService } from '../../service.ts'
import { random, randomSet } from '../../tensors.ts'

type Id = number | string

t.test('a sequence in any pieces is the same bits as one call of /sequence', async (t) => {
  const service = await startService(t)
  const layer = fc.record({ n_a: fc.integer({ min: 1, max: 17 }), projected: fc.boolean() })
  const sequence = fc.record({
    layers: fc.array(layer, { minLength: 1, maxLength: 3 }),
    n_x: fc.integer({ min: 1, max: 5 }),
    m: fc.integer({ min: 1, max: 5 }),
    pieces: fc.array(fc.record({ T_x: fc.integer({ min: 1, max: 9 }), binary: fc.boolean() }), {
      minLength: 1,
      maxLength: 8
    }),
    id: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' })),
    seed: fc.integer({ min: 1, max: 1000 })
  })
  await fc.assert(
    fc.asyncProperty(sequence, async ({ layers, n_x, m, pieces, id, seed }) => {
      const stack = layers.map(({ n_a, projected }): RandomLayer => ({ n_a, ...(projected && { n_p: n_a + 1 }) }))
      await put(service, exportModel(randomModel(seed, n_x, stack), 'json'))
      const T_x = pieces.reduce((sum, piece) => sum + piece.T_x, 0)
      const x = random(seed, [T_x, m, n_x], 2) as unknown[]
      const parts: Float32Array[][] = []
      let at = 0
      for (const [i, piece] of pieces.entries()) {
        const flags = i === 0 ? 'start' : 'go'
        const answer = await post(service, message(x.slice(at, at + piece.T_x), id, flags, piece.binary))
        if (answer.status !== 200) throw new Error(answer.json.error)
        parts.push(valuesOf(answer))
        at += piece.T_x
      }
      t.strictSame(joined(parts), await unsplit(service, x))
    }),
    { numRuns: 25 }
  )
})

t.test('200 sequences at once, in random pieces, on two workers, and onwards in another service', async (t) => {
  const [service, other] = [await startService(t), await startService(t)]
  const model = exportModel(randomModel(3, 4, [{ n_a: 16 }, { n_a: 9 }]), 'json')
  for (const each of [service, other]) await put(each, model)
  const T_x = 12
  const ids: Id[] = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? i + 1 : `${i}`))
  const runs = ids.map((id, i) => ({ id, x: random(i + 1, [T_x, (i % 3) + 1, 4], 2) as unknown[], at: 0 }))
  const parts = new Map<Id, Promise<Float32Array[]>[]>(ids.map((id) => [id, []]))
  const send = (to: Service, upTo: number) => {
    const open = runs.filter(({ at }) => at < upTo)
    while (open.length > 0) {
      const which = Math.floor(Math.random() * open.length)
      const run = open[which]
      const length = Math.min(upTo - run.at, 1 + Math.floor(Math.random() * 4))
      const sent = message(run.x.slice(run.at, run.at + length), run.id, run.at === 0 ? 'start' : 'go')
      parts.get(run.id)!.push(post(to, sent).then(valuesOf))
      run.at += length
      if (run.at >= upTo) open.splice(which, 1)
    }
    return Promise.all([...parts.values()].flat())
  }
  await send(service, 7)
  t.equal(service.app.sequences.size, 200)
  for (const [i, id] of ids.entries()) {
    const url = `/v2/models/p/sequences/${id}?type=${typeof id === 'number' ? 'number' : 'text'}`
    const exported = await service.ask({ method: 'GET', url: `${url}&encoding=${i % 4 < 2 ? 'nested' : 'base64'}` })
    t.equal(exported.json.steps, 7)
    t.equal((await other.ask({ method: 'PUT', url, body: exported.json })).status, 204)
  }
  await send(other, T_x)
  for (const { id, x } of runs) {
    t.strictSame(joined(await Promise.all(parts.get(id)!)), await unsplit(service, x), String(id))
  }
})

t.test('50 requests of one id, pipelined over one connection, are answered in their order', async (t) => {
  const service = await startService(t)
  await put(service, randomSet(2, 3, 40, 2))
  await service.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = service.app.server.address() as AddressInfo
  const x = random(5, [50, 1, 3], 2) as unknown[]
  const requests = x.map((step, i) => {
    const { body, headers } = inferBody(message([step], 'burst', i === 0 ? 'start' : i === 49 ? 'end' : 'go', false))
    const head = `POST /v2/models/p/infer HTTP/1.1\r\nhost: x\r\ncontent-type: ${headers['content-type']}\r\ncontent-length: ${body.length}\r\n\r\n`
    return Buffer.concat([Buffer.from(head), body])
  })
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(Buffer.concat(requests))
  let text = ''
  const answers: number[] = []
  for await (const piece of socket) {
    text += piece
    for (;;) {
      const head = text.indexOf('\r\n\r\n')
      const length = Number(/content-length: (\d+)/i.exec(text.slice(0, head))?.[1])
      if (head < 0 || text.length < head + 4 + length) break
      const { outputs } = JSON.parse(text.slice(head + 4, head + 4 + length))
      answers.push(...outputs[0].data)
      text = text.slice(head + 4 + length)
    }
    if (answers.length >= 50 * 40) break
  }
  t.strictSame([...Float32Array.from(answers)], (await unsplit(service, x))[0])
  t.equal(service.app.sequences.size, 0)
})

t.test('workers that end in the middle change no bit', async (t) => {
  const workers: Worker[] = []
  const note = (worker: Worker) => workers.push(worker)
  process.on('worker', note)
  t.teardown(() => process.removeListener('worker', note))
  const service = await startService(t)
  await put(service, randomSet(2, 3, 64, 2))
  const runs = Array.from({ length: 10 }, (_, i) => random(i + 1, [25, 20, 3], 2) as unknown[])
  const parts = runs.map((x, i) =>
    x.map((step, at) => post(service, message([step], i + 1, at === 0 ? 'start' : 'go')).then(valuesOf))
  )
  for (const at of [3, 10]) {
    await parts[0][at]
    await workers.at(-1)!.terminate()
  }
  for (const [i, x] of runs.entries()) {
    t.strictSame(joined(await Promise.all(parts[i])), await unsplit(service, x))
  }
  t.ok(service.app.pool.restarts.count > 0)
})

t.test('a request whose deadline passes while it waits is answered, and those behind it go on', async (t) => {
  const service = await startService(t)
  await put(service, randomSet(2, 2, 300, 2))
  const long = random(1, [3000, 4, 2]) as unknown[]
  const ask = (x: unknown[], flags: Flags, headers = {}) => {
    const { body, headers: own } = inferBody(message(x, 1, flags))
    return service.ask({ url: '/v2/models/p/infer', body, headers: { ...own, ...headers } })
  }
  const first = ask(long, 'start')
  const second = ask(long.slice(0, 1), 'go', { 'x-request-timeout-ms': '1' })
  const third = ask(long.slice(0, 1), 'go')
  t.equal((await second).json.code, 'LSTM_ERR_DEADLINE')
  const answers = await Promise.all([first, third])
  const whole = await unsplit(service, [...long, long[0]])
  t.strictSame(joined(answers.map(valuesOf)), whole)
  t.equal(service.app.pool.admission.secondsToIdle, 1)
})
