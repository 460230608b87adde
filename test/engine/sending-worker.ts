import { parentPort, workerData } from 'node:worker_threads'
import { Mailbox } from '../../src/engine/mailbox.ts'

/** Sends `count` entries as fast as the receiver takes them, with a pause now and then. */
const { memory, count } = workerData as { memory: SharedArrayBuffer; count: number }
const box = new Mailbox(memory)
for (let i = 0; i < count; ) {
  if (box.send([i, i / 2], () => parentPort!.postMessage(0))) i++
  if (i % 997 === 0) await new Promise(setImmediate)
}
