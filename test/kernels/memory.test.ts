import { once } from 'node:events'
import { receiveMessageOnPort, Worker } from 'node:worker_threads'
import t from 'tap'
import { createSharedMemory, SharedHeap } from '../../src/kernels/memory.ts'
import { randomSource } from './oracle.ts'

const MIB = 2 ** 20

/** Takes everything that is free in pieces as large as possible: one piece says that all of it has been joined. */
const largestFree = (heap: SharedHeap): number => heap.totalBytes - 65536 - heap.usedBytes - 64

t.test('pieces do not overlap, and all memory comes back joined', async (t) => {
  const heap = new SharedHeap(createSharedMemory())
  const random = randomSource(1)
  const pieces = new Map<Float32Array, number>()
  for (let round = 0; round < 20_000; round++) {
    if (pieces.size > 0 && random() < 0.5) {
      const [piece, mark] = [...pieces][Math.floor(random() * Math.min(pieces.size, 50))]
      if (piece.some((value) => value !== mark)) t.fail(`round ${round}: another piece wrote into this one`)
      pieces.delete(piece)
      heap.release(piece)
    } else {
      const length = random() < 0.02 ? Math.floor(random() * 200_000) : Math.floor(2 ** (random() * 10)) - 1
      const piece = heap.allocate(length)
      if (piece.length !== length || piece.byteOffset % 64 !== 0 || piece.byteOffset < 65536) t.fail('a bad piece')
      pieces.set(piece.fill(round), round)
    }
  }
  for (const piece of pieces.keys()) heap.release(piece)
  t.equal(heap.usedBytes, 0)
  const total = heap.totalBytes
  const all = heap.allocate(largestFree(heap) / 4)
  t.equal(heap.totalBytes, total, 'all of it is one piece again')
  t.equal(heap.usedBytes, total - 65536)
  heap.release(all)
})

t.test('sets replaced thousands of times among small pieces do not use the memory up', async (t) => {
  const heap = new SharedHeap(createSharedMemory())
  const random = randomSource(2)
  const sets: Float32Array[] = []
  const small: Float32Array[] = []
  let early = 0
  for (let round = 0; round < 6000; round++) {
    // A new version is there before the old one goes.
    sets.push(heap.allocate(Math.floor(((64 + random()) * MIB) / 4)))
    if (sets.length > 4) heap.release(sets.splice(Math.floor(random() * 4), 1)[0])
    for (let i = 0; i < 4; i++) small.push(heap.allocate(Math.floor(2 ** (random() * 18))))
    while (small.length > 60) heap.release(small.splice(Math.floor(random() * small.length), 1)[0])
    if (round === 1000) early = heap.totalBytes
  }
  t.ok(heap.totalBytes <= 1.25 * early, `${heap.totalBytes / MIB} MiB after 6000 sets, ${early / MIB} after 1000`)
  t.ok(heap.totalBytes < 900 * MIB, 'at most 2.5 times the 355 MiB that are in use at a time')
})

t.test('small pieces beside the hole that a set has left do not make the memory grow for ever', async (t) => {
  const heap = new SharedHeap(createSharedMemory())
  const kept = heap.allocate(1000)
  // the hole has a region of small pieces on both sides
  const set = heap.allocate((64 * MIB) / 4)
  const other = heap.allocate((64 * MIB) / 4)
  const behind = Array.from({ length: 20 }, () => heap.allocate(MIB / 4))
  heap.release(set)
  heap.release(other)
  for (const piece of behind) heap.release(piece)
  const before = heap.totalBytes
  for (let round = 0; round < 2000; round++) {
    const pieces = Array.from({ length: 1 + (round % 30) }, (_, i) => heap.allocate((1 + ((round + i) % 7)) * 30_000))
    for (const piece of pieces) heap.release(piece)
  }
  t.ok(heap.totalBytes <= before + 48 * MIB, `${before / MIB} MiB before, ${heap.totalBytes / MIB} after`)
  t.ok(heap.allocate((64 * MIB) / 4).byteOffset <= other.byteOffset, 'and the hole is there for the next set')
  heap.release(kept)
})

t.test('a full memory can still be posted to a thread, and so can what lies in it', async (t) => {
  const heap = new SharedHeap(createSharedMemory())
  const pieces = [2 ** 29, 2 ** 28, 2 ** 27].map((length) => heap.allocate(length))
  for (let length = 2 ** 26; length > 2 ** 12; length /= 2) {
    try {
      for (;;) pieces.push(heap.allocate(length))
    } catch {} // there is no more of this size
  }
  t.ok(heap.totalBytes > 3.9 * 2 ** 30)
  pieces[0][0] = 42
  const { port1, port2 } = new MessageChannel()
  port1.postMessage(pieces[0].subarray(0, 10))
  const received = receiveMessageOnPort(port2)!.message as Float32Array
  t.equal(received[0], 42)
  port1.close()
})

t.test('addresses above 2 GiB, and a full memory', async (t) => {
  const heap = new SharedHeap(createSharedMemory())
  const low = heap.allocate((2 ** 31 - 65536 * 4) / 4)
  const high = heap.allocate(2 ** 20)
  t.ok(high.byteOffset > 2 ** 31 - 65536 * 4)
  high.fill(3)
  const higher = heap.allocate((2 ** 30 + 2 ** 29) / 4)
  higher[higher.length - 1] = 4
  t.ok(higher.byteOffset + higher.byteLength > 3.5 * 2 ** 30)
  t.throws(() => heap.allocate(2 ** 29 / 4), /no piece of 536870976 bytes left, \d+ bytes are in use/)
  heap.release(low)
  t.equal(heap.allocate(2 ** 29 / 4).byteOffset, low.byteOffset, 'what came back is used again')
  t.ok(high.every((value) => value === 3))
})

t.test('what was not handed out is refused', async (t) => {
  const heap = new SharedHeap(createSharedMemory())
  const piece = heap.allocate(100)
  t.throws(() => heap.allocate(-1), /cannot allocate -1 floats/)
  t.throws(() => heap.allocate(1.5), /cannot allocate 1.5 floats/)
  t.throws(() => heap.allocate(2 ** 30 + 1), /cannot allocate/)
  t.throws(() => heap.release(new Float32Array(4)), /not in the kernel's memory/)
  t.throws(() => heap.release(piece.subarray(1)), /not the beginning of a piece/)
  t.throws(() => heap.release(piece.subarray(16)), /not the beginning of a piece/)
  heap.release(piece)
  t.throws(() => heap.release(piece), /not the beginning of a piece/)
  const other = new SharedHeap(createSharedMemory()).allocate(4)
  t.throws(() => heap.release(other), /not in the kernel's memory/)
  t.throws(() => new SharedHeap(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true })), /createSharedMemory/)
})

t.test('several threads take and give back at once, each other’s pieces too', async (t) => {
  const memory = createSharedMemory()
  const heap = new SharedHeap(memory)
  const file = new URL(`./allocate-worker${import.meta.url.slice(-3)}`, import.meta.url)
  const before = Array.from({ length: 40 }, () => heap.allocate(1000))
  const answers = await Promise.all(
    [1, 2, 3, 4].map(
      (mark) =>
        new Promise<{ overlaps: number; kept: Float32Array }>((resolve, reject) => {
          const foreign = before.slice((mark - 1) * 10, mark * 10)
          const worker = new Worker(file, { workerData: { memory, mark, rounds: 4000, foreign } })
          worker.once('message', resolve).once('error', reject)
        })
    )
  )
  for (const [i, { overlaps, kept }] of answers.entries()) {
    t.equal(overlaps, 0, 'nobody wrote into another’s piece')
    t.same(Array.from(kept), [i + 1, i + 1, i + 1], 'a piece of another thread is readable here')
    heap.release(kept)
  }
  t.equal(heap.usedBytes, 0)
  const total = heap.totalBytes
  heap.allocate(largestFree(heap) / 4)
  t.equal(heap.totalBytes, total, 'all of it is one piece again')
})

t.test('what a killed thread had comes back, wherever it was killed, and nothing else', async (t) => {
  const memory = createSharedMemory()
  const heap = new SharedHeap(memory)
  const own = [1, 1000, 100_000].map((length) => heap.allocate(length).fill(length))
  const adopted: Float32Array[] = []
  for (let round = 1; round <= 40; round++) {
    const workers = [2 * round - 1, 2 * round].map(
      (owner) => new Worker(new URL('./doomed-worker.js', import.meta.url), { workerData: { memory, owner } })
    )
    const pieces = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0] as Float32Array))
    heap.adopt(pieces[0])
    adopted.push(pieces[0])
    await new Promise((resolve) => setTimeout(resolve, round / 10))
    await Promise.all(workers.map((worker) => worker.terminate()))
    // one of the two may have died inside the lock, so that the other's turn comes after it
    const dead = [2 * round - 1, 2 * round]
    for (let tries = 0; dead.length > 0; tries++) {
      t.ok(tries < 4, 'the lock is with one of the dead')
      const owner = dead.shift()!
      if (!heap.recover(owner)) dead.push(owner)
    }
  }
  for (const piece of own) t.ok(piece.every((value) => value === piece.length))
  for (const [i, piece] of adopted.entries()) t.ok(piece.every((value) => value === 2 * i + 1))
  for (const piece of [...own, ...adopted]) heap.release(piece)
  t.equal(heap.usedBytes, 0, 'all that is in use is known')
  const whole = heap.totalBytes
  heap.release(heap.allocate((whole - 2 * 65536) / 4))
  t.equal(heap.totalBytes, whole, 'and the rest is one block again')
})
