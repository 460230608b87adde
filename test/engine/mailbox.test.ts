import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { createMailboxMemory, type Entry, Mailbox } from '../../src/engine/mailbox.ts'

t.test('entries arrive whole and in order, and the receiver is called once until it looks', async (t) => {
  const memory = createMailboxMemory()
  const [sender, receiver] = [new Mailbox(memory), new Mailbox(memory)]
  let calls = 0
  const send = (entry: Entry) => sender.send(entry, () => calls++)
  const received = () => {
    const entries: Entry[] = []
    receiver.receive((entry) => entries.push(entry.slice(0, 6))) // the rest of an entry is zeros
    return entries
  }
  t.ok(send([1, 2, 3, 4, 5, 6]))
  t.ok(send([7.25, 0.1, -1, 0, 2 ** 40, 1e-9]))
  t.equal(calls, 1)
  t.strictSame(received(), [
    [1, 2, 3, 4, 5, 6],
    [7.25, 0.1, -1, 0, 2 ** 40, 1e-9]
  ])
  t.strictSame(received(), [])
  send([8, 0, 0, 0, 0, 0])
  t.equal(calls, 2, 'it had looked, so it is called again')
})

t.test('a full box takes nothing until something is taken', async (t) => {
  const box = new Mailbox(createMailboxMemory())
  let sent = 0
  while (box.send([sent], () => {})) sent++
  t.equal(sent, 1024)
  const taken: number[] = []
  box.receive(([first]) => taken.push(first))
  t.strictSame(
    taken,
    Array.from({ length: 1024 }, (_, i) => i)
  )
  t.ok(box.send([0], () => {}))
})

t.test('a receiver that receives while it takes loses and repeats nothing', async (t) => {
  const box = new Mailbox(createMailboxMemory())
  for (let i = 0; i < 5; i++) box.send([i], () => {})
  const taken: number[] = []
  const take = ([first]: Entry): void => {
    taken.push(first)
    if (first === 1) box.receive(take)
  }
  box.receive(take)
  t.strictSame(taken, [0, 1, 2, 3, 4])
})

t.test('between threads: nothing is lost, whoever is faster', async (t) => {
  const memory = createMailboxMemory()
  const count = 50_000
  const worker = new Worker(new URL('./sending-worker.js', import.meta.url), { workerData: { memory, count } })
  t.teardown(() => worker.terminate())
  const box = new Mailbox(memory)
  let next = 0
  let wrong = 0
  worker.on('message', () =>
    box.receive(([number, half]) => {
      if (number !== next || half !== number / 2) wrong++
      next++
    })
  )
  await once(worker, 'exit')
  t.equal(next, count)
  t.equal(wrong, 0)
})
