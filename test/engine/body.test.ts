import t from 'tap'
import { joined, shareInto } from '../../src/engine/body.ts'

const random = (length: number, seed: number) => Uint8Array.from({ length }, (_, i) => (i * 131 + seed * 17) % 251)

t.test('pieces come into shared memory one behind the other, wherever they begin', async (t) => {
  for (const lengths of [[0], [1], [7], [8, 1, 9], [65_536, 33, 0, 65_537], [500_000, 200_000]]) {
    for (const offset of [0, 1, 3, 8]) {
      const body = lengths.map((length, k) => random(length + offset, k).subarray(offset))
      const expected = joined(body)
      const memory = new Uint8Array(new SharedArrayBuffer(expected.length + 32)).fill(255)
      shareInto(body, memory.subarray(8, 8 + expected.length))
      t.strictSame(Buffer.from(memory.subarray(8, 8 + expected.length)), Buffer.from(expected))
      t.ok(memory.subarray(0, 8).every((byte) => byte === 255))
      t.ok(memory.subarray(8 + expected.length).every((byte) => byte === 255))
    }
  }
})
