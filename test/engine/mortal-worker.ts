import { parentPort, workerData } from 'node:worker_threads'
import type { FromWorker, ToWorker, WorkerData } from '../../src/engine/messages.ts'

/** A worker for tests: answers with the names of its sets, or ends in the way that the body says. */

const names = new Set((workerData as WorkerData).sets.keys())
const send = (message: FromWorker) => parentPort!.postMessage(message)

parentPort!.on('message', (message: ToWorker) => {
  if (message.type === 'set') names.add(message.name)
  if (message.type === 'close') parentPort!.close()
  if (message.type !== 'run' || !('body' in message.operation)) return
  const command = Buffer.from(message.operation.body).toString()
  if (command === 'exit') process.exit(0)
  if (command === 'throw') throw new Error('made to fail')
  const bytes = new Uint8Array(Buffer.from(JSON.stringify([...names])))
  const result = { bytes, timing: { decode: 0, compute: 0, encode: 0 } }
  send({ type: 'done', id: message.id, result })
})
send({ type: 'ready' })
