import { once } from 'node:events'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { readNpz, writeNpz } from '../../src/parameters/files/npz.ts'
import { startService } from '../service.ts'
import { flatten, randomSet, shapeOf } from '../tensors.ts'

t.test('a body of megabytes arrives whole, of declared length or not, in one piece or cut off', async (t) => {
  const { app, ask } = await startService(t, { workers: 1, maxParametersBytes: 9_000_000 })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const arrays = Object.entries(randomSet(1, 500, 500, 3)).map(
    ([name, values]) => [name, { shape: shapeOf(values), data: Float32Array.from(flatten(values)) }] as const
  )
  const file = Buffer.from(writeNpz(arrays))
  t.ok(file.length > 5_000_000, 'above every bound at which a body is treated otherwise')

  const put = async (name: string, headers: Record<string, string | number>, send: (bytes: Buffer[]) => Buffer[]) => {
    const path = `/parameters/${name}`
    const sent = request({ port, host: '127.0.0.1', method: 'PUT', path, headers, agent: false })
    sent.on('error', () => {}) // the first one is what `once` rejects with; more may follow
    for (const piece of send([file.subarray(0, 3_000_001), file.subarray(3_000_001)])) sent.write(piece)
    sent.end()
    const [response] = await once(sent, 'response')
    const body: Buffer[] = await response.toArray()
    return { status: response.statusCode, ...JSON.parse(Buffer.concat(body).toString()) }
  }
  const declared = await put('declared', { 'content-length': file.length }, (pieces) => pieces)
  const chunked = await put('chunked', {}, (pieces) => pieces)
  t.strictSame([declared.status, chunked.status], [201, 201])
  t.equal(declared.version, chunked.version)
  const weights = await ask({ method: 'GET', url: '/parameters/declared/weights?format=npz' })
  const back = readNpz(weights.bytes, { maxInflatedBytes: 9_000_000 })
  for (const [name, { data }] of arrays) t.ok(Buffer.from(back.get(name)!.data.buffer).equals(Buffer.from(data.buffer)))

  const tooLarge = await put('large', { 'content-length': 9_000_001 }, () => [Buffer.alloc(10)]).catch((error) => error)
  t.ok(tooLarge.status === 413 || tooLarge instanceof Error, 'refused before it is there')

  const cut = request({
    port,
    host: '127.0.0.1',
    method: 'PUT',
    path: '/parameters/cut',
    headers: { 'content-length': file.length },
    agent: false
  })
  cut.on('error', () => {})
  cut.write(file.subarray(0, 2_000_000))
  await new Promise((resolve) => setTimeout(resolve, 50))
  cut.destroy()
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.equal((await ask({ method: 'GET', url: '/parameters/cut' })).status, 404)
})
