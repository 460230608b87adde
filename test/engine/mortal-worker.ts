import { parentPort, workerData } from 'node:worker_threads'
import { Mailbox } from '../../src/engine/mailbox.ts'
import { type FromWorker, LOOK, type ToWorker, type WorkerData } from '../../src/engine/messages.ts'
import { Slots } from '../../src/engine/slots.ts'

/** A worker for tests: answers with the names of its sets, or ends in the way that the body says. */

const { exchange, sets } = workerData as WorkerData
const names = new Set(sets.keys())
const requests = new Mailbox(exchange.requests)
const bodySlots = new Slots(exchange.bodySlots)
const send = (message: FromWorker) => parentPort!.postMessage(message)

parentPort!.on('message', (message: ToWorker) => {
  if (message === LOOK) requests.receive(([id, , slot, bytes]) => obey(id, bodySlots.bytes(slot, bytes)))
  else if (message.type === 'set') names.add(message.name)
  else if (message.type === 'close') parentPort!.close()
})

function obey(id: number, body: Uint8Array): void {
  const command = Buffer.from(body).toString()
  if (command === 'exit') process.exit(0)
  if (command === 'throw') throw new Error('made to fail')
  const bytes = new Uint8Array(Buffer.from(JSON.stringify([...names])))
  send({
    type: 'done',
    id,
    result: { bytes, jsonBytes: 0, stateBytes: 0, m: 0, executions: 0, timing: { decode: 0, compute: 0, encode: 0 } }
  })
}
send({ type: 'ready' })
