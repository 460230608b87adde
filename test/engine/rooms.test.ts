import t from 'tap'
import { Rooms } from '../../src/engine/rooms.ts'

const KIB = 1024
const MIB = 1024 * KIB

t.test('memory that was given back is lent again, to one at a time', async (t) => {
  let made = 0
  const rooms = new Rooms((bytes) => {
    made++
    return new ArrayBuffer(bytes)
  })
  for (const bytes of [64 * KIB + 1, 128 * KIB, 128 * KIB + 1, 300_001, MIB]) {
    const first = rooms.lend(bytes)!
    const second = rooms.lend(bytes)!
    t.equal(first.length, bytes)
    t.equal(first.byteOffset, 0)
    t.not(first.buffer, second.buffer)
    rooms.giveBack(first)
    rooms.giveBack(first)
    const again = rooms.lend(bytes)!
    t.equal(again.buffer, first.buffer)
    t.not(rooms.lend(bytes)!.buffer, again.buffer, 'giving it back twice does not lend it to two')
    rooms.giveBack(first)
    t.not(rooms.lend(bytes)!.buffer, again.buffer, 'nor does its last holder give away what somebody else has')
  }
  const before = made
  rooms.giveBack(new Uint8Array(200 * KIB))
  t.equal(rooms.lend(200 * KIB)!.length, 200 * KIB)
  t.equal(made, before + 1, 'what came from elsewhere is not kept')
})

t.test('there is none for small ones nor for more than a megabyte, and only so much is kept', async (t) => {
  let made = 0
  const rooms = new Rooms((bytes) => {
    made++
    return new SharedArrayBuffer(bytes)
  })
  for (const bytes of [0, 1, 64 * KIB, MIB + 1]) t.equal(rooms.lend(bytes), undefined)
  const many = () => Array.from({ length: 40 }, () => rooms.lend(MIB)!)
  for (const room of many()) rooms.giveBack(room)
  t.equal(made, 40)
  many()
  t.equal(made, 40 + 24, '16 MiB were kept')
})
