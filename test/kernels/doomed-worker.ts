/** Takes and gives back pieces for ever, until it is killed. */
import { parentPort, workerData } from 'node:worker_threads'
import { SharedHeap } from '../../src/kernels/memory.ts'
import { randomSource } from './oracle.ts'

const { memory, owner } = workerData as { memory: WebAssembly.Memory; owner: number }
const heap = new SharedHeap(memory, owner)
const random = randomSource(owner)
const pieces: Float32Array[] = []
const adopted = heap.allocate(100).fill(owner)
parentPort!.postMessage(adopted)
for (;;) {
  if (pieces.length > 0 && random() < 0.5) heap.release(pieces.splice(Math.floor(random() * pieces.length), 1)[0])
  else pieces.push(heap.allocate(Math.floor(2 ** (random() * 12))))
}
