import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { Admission } from '../../src/engine/admission.ts'

const limits = { maxPending: 100, maxPendingBytes: 1000, wait: { maxMs: 20, always: 2 } }

t.test('a burst after a pause is let in, whichever threads it comes to', async (t) => {
  const memory = Admission.createMemory(2)
  const first = new Admission(limits, memory, 0)
  const second = new Admission(limits, memory, 1)
  second.begin(1)
  second.begin(1)
  first.check(1) // sees a backlog begin, and not that it ends
  for (let i = 0; i < 2; i++) {
    second.answered()
    second.end(1)
  }
  await setTimeout(60)
  for (let i = 0; i < 10; i++) second.begin(1)
  t.doesNotThrow(() => first.check(1), 'nothing waited in the pause')
})

t.test('a backlog that goes on is seen by all threads', async (t) => {
  const memory = Admission.createMemory(2)
  const first = new Admission(limits, memory, 0)
  const second = new Admission(limits, memory, 1)
  for (let i = 0; i < 10; i++) second.begin(1)
  first.check(1)
  second.answered()
  second.end(1)
  await setTimeout(60)
  t.throws(() => first.check(1), { code: 'LSTM_ERR_OVERLOADED' }, 'nine, and one ended in 60 ms')
})
