/** Takes and gives back pieces at random, writing its own mark into each and finding it again. */
import { parentPort, workerData } from 'node:worker_threads'
import { SharedHeap } from '../../src/kernels/memory.ts'
import { randomSource } from './oracle.ts'

const { memory, mark, rounds, foreign } = workerData as {
  memory: WebAssembly.Memory
  mark: number
  rounds: number
  foreign: Float32Array[]
}
const heap = new SharedHeap(memory)
const random = randomSource(mark)
const pieces: Float32Array[] = []
let overlaps = 0

const giveBack = (piece: Float32Array): void => {
  if (piece.some((value) => value !== mark)) overlaps++
  heap.release(piece)
}

for (let round = 0; round < rounds; round++) {
  if (pieces.length > 0 && random() < 0.5) giveBack(pieces.splice(Math.floor(random() * pieces.length), 1)[0])
  else pieces.push(heap.allocate(Math.floor(2 ** (random() * 14))).fill(mark))
}
const kept = heap.allocate(3).fill(mark)
for (const piece of pieces) giveBack(piece)
for (const piece of foreign) heap.release(piece)
parentPort!.postMessage({ overlaps, kept })
