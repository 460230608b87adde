import t from 'tap'
import { readStateHead, STATE_HEAD_BYTES, writeStateHead } from '../../../src/protocols/v2/state-head.ts'

t.test('versions of every length come back whole', (t) => {
  t.equal(STATE_HEAD_BYTES % 4, 0, 'floats begin at a whole word')
  for (const version of ['1', '1124076175928596925', String(2n ** 63n - 1n)]) {
    const bytes = new Uint8Array(STATE_HEAD_BYTES + 8).fill(0xff)
    writeStateHead({ steps: 2 ** 40 + 1, version }, bytes)
    t.strictSame(readStateHead(bytes), { steps: 2 ** 40 + 1, version })
    t.ok(
      bytes.subarray(STATE_HEAD_BYTES).every((byte) => byte === 0xff),
      'nothing behind it is written'
    )
  }
  t.end()
})
