import { once } from 'node:events'
import { request } from 'node:http'
import t from 'tap'
import { writeNpz } from '../../src/parameters/files/npz.ts'
import { startService } from '../service.ts'

const octets = { 'content-type': 'application/octet-stream' }

/** The npz of a set of 2 MB. */
const n_a = 360
const array = (rows: number, columns: number) => ({
  shape: [rows, columns],
  data: Float32Array.from({ length: rows * columns }, (_, i) => ((i * 31) % 101) - 50)
})
const gates = ['f', 'i', 'c', 'o'].flatMap((gate): [string, ReturnType<typeof array>][] => [
  [`W${gate}`, array(n_a, n_a + 3)],
  [`b${gate}`, array(n_a, 1)]
])
const file = Buffer.from(writeNpz([...gates, ['Wy', array(2, n_a)], ['by', array(2, 1)]]))

t.test('a large body is taken as it comes, whatever is told of its length, and nothing of it stays', async (t) => {
  const service = await startService(t, { workers: 1, maxParametersBytes: 4_000_000 })
  const { app, ask } = service
  const whole = await ask({ method: 'PUT', url: '/parameters/whole', body: file.subarray(0), headers: octets })
  t.equal(whole.status, 201)
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })

  const send = (name: string, headers: Record<string, string | number>) => {
    const sent = request(`${origin}/parameters/${name}`, { method: 'PUT', headers: { ...octets, ...headers } })
    const answered = new Promise<{ status: number; json: { version?: string; code?: string } }>((resolve, reject) => {
      sent.on('error', reject)
      sent.on('response', (response) => {
        const pieces: Buffer[] = []
        response.on('data', (piece: Buffer) => pieces.push(piece))
        response.on('error', reject)
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, json: JSON.parse(Buffer.concat(pieces).toString()) })
        )
      })
    })
    return { sent, answered }
  }
  for (const headers of [{ 'content-length': file.length }, {}]) {
    const { sent, answered } = send('pieces', headers)
    for (let at = 0; at < file.length; at += 100_003) sent.write(file.subarray(at, at + 100_003))
    sent.end()
    const { json } = await answered
    t.equal(json.version, whole.json.version)
  }
  t.equal(app.pool.admission.arrivingBytes, 0)

  const refused = send('refused', { 'if-match': '"0123456789abcdef"', 'content-length': file.length })
  refused.sent.end(file)
  t.equal((await refused.answered).status, 412)

  const aborted = send('aborted', { 'content-length': file.length })
  aborted.answered.catch(() => {})
  aborted.sent.write(file.subarray(0, 1_500_000))
  while (app.pool.admission.arrivingBytes < 1_500_000) await new Promise((resolve) => setTimeout(resolve, 5))
  aborted.sent.destroy()
  while (app.pool.admission.arrivingBytes > 0) await new Promise((resolve) => setTimeout(resolve, 5))

  const tooLarge = send('long', {})
  tooLarge.answered.catch(() => {})
  tooLarge.sent.on('error', () => {})
  for (let k = 0; k < 5; k++) tooLarge.sent.write(Buffer.alloc(1_000_000))
  await once(tooLarge.sent, 'close')

  const { json } = await ask({ method: 'GET', url: '/parameters' })
  t.strictSame(
    json.parameters.map(({ name }: { name: string }) => name),
    ['pieces', 'whole']
  )
  t.equal(app.pool.pending, 0)
})
