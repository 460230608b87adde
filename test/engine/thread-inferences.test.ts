import t from 'tap'
import type { Answer, Computed } from '../../src/engine/messages.ts'
import { ThreadInferences } from '../../src/engine/thread-inferences.ts'

// open deadlines do not keep the process going
const going = setInterval(() => {}, 1000)
t.teardown(() => clearInterval(going))

const inference = { kind: 'cell', body: [Buffer.from('{}')] } as const
const BYTES = 2

/** A thread whose inferences end when the test says so, and what it has been told. */
function thread() {
  const told: string[] = []
  const ends: { resolve: (computed: Computed) => void; reject: (error: Error) => void }[] = []
  const inferences = new ThreadInferences(
    {
      infer: (_kind, _body, id) => {
        told.push(`infer ${id}`)
        return new Promise((resolve, reject) => ends.push({ resolve, reject }))
      },
      inferCall: () => Promise.reject(new Error('no call was made')),
      stop: (id) => told.push(`stop ${id}`),
      forget: (id) => told.push(`forget ${id}`)
    },
    {
      begin: (bytes) => told.push(`begin ${bytes}`),
      end: (bytes) => told.push(`end ${bytes}`),
      answered: () => told.push('answered')
    },
    (_inference, bytes, answer: Answer) => told.push(`learn ${bytes} ${answer.timing.compute}`)
  )
  const computed = (): Computed => ({
    bytes: new Uint8Array(3),
    jsonBytes: 3,
    stateBytes: 0,
    m: 1,
    executions: 1,
    timing: { decode: 0, compute: 7, encode: 0 },
    release: () => told.push('release')
  })
  return { inferences, told, ends, computed }
}

t.test('an answer, counted while it is under way', async (t) => {
  const { inferences, told, ends, computed } = thread()
  const running = inferences.infer(inference, BYTES, { timeoutMs: 10_000, onStart: () => {} })
  t.equal(inferences.pending, 1)
  t.strictSame(told.splice(0), ['begin 2', 'infer 0'])
  ends[0].resolve(computed())
  const { bytes, free } = await running
  t.equal(bytes.length, 3)
  t.equal(inferences.pending, 0)
  t.strictSame(told.splice(0), ['forget 0', 'learn 2 7', 'end 2', 'answered'])
  free()
  t.strictSame(told, ['release'])
})

t.test('past its deadline it is stopped, and what comes of it late is let go', async (t) => {
  const { inferences, told, ends, computed } = thread()
  await t.rejects(inferences.infer(inference, BYTES, { timeoutMs: 5 }), { code: 'LSTM_ERR_DEADLINE' })
  t.strictSame(told.splice(0), ['begin 2', 'infer 0', 'stop 0', 'end 2'])
  t.equal(inferences.pending, 0)
  ends[0].resolve(computed())
  await new Promise(setImmediate)
  t.strictSame(told, ['forget 0', 'learn 2 7', 'release'])
})

t.test('when its client has gone it is stopped, once', async (t) => {
  const { inferences, told, ends } = thread()
  let gone = (): void => {}
  const running = inferences.infer(inference, BYTES, {
    timeoutMs: 20,
    onStart: (stop) => {
      gone = stop
    }
  })
  gone()
  gone()
  await t.rejects(running, { code: 'LSTM_ERR_CLIENT_GONE' })
  ends[0].reject(new Error('stopped'))
  await new Promise((resolve) => setTimeout(resolve, 40))
  t.strictSame(told, ['begin 2', 'infer 0', 'stop 0', 'end 2', 'forget 0'])
  t.equal(inferences.pending, 0)
})

t.test('an error is its own, and ends it', async (t) => {
  const { inferences, told, ends } = thread()
  const running = inferences.infer(inference, BYTES, { timeoutMs: 10_000 })
  ends[0].reject(new Error('a fault'))
  await t.rejects(running, { message: 'a fault' })
  t.strictSame(told, ['begin 2', 'infer 0', 'forget 0', 'end 2'])
  t.equal(inferences.pending, 0)
})
