import t from 'tap'
import { createSlotMemory, Slots } from '../../src/engine/slots.ts'

t.test('a slot holds what was written until it is given back', async (t) => {
  const memory = createSlotMemory()
  const [owner, reader] = [new Slots(memory), new Slots(memory)]
  const slots = [0, 1, 16 * 1024, 16 * 1024 + 1, 512 * 1024].map((bytes) => ({ bytes, slot: owner.take(bytes)! }))
  t.equal(new Set(slots.map(({ slot }) => slot)).size, slots.length, 'each a slot of its own')
  for (const { bytes, slot } of slots) owner.bytes(slot, bytes).fill(slot + 1)
  for (const { bytes, slot } of slots) {
    const found = reader.bytes(slot, bytes)
    t.equal(found.length, bytes)
    t.ok(found.every((byte) => byte === slot + 1))
  }
  reader.give(slots[1].slot)
  t.equal(owner.take(5), slots[1].slot, 'the lowest free one is taken again')
})

t.test('what does not fit, or finds none free, gets no slot', async (t) => {
  const owner = new Slots(createSlotMemory())
  t.equal(owner.take(512 * 1024 + 1), undefined)
  const taken: number[] = []
  for (let slot = owner.take(1); slot !== undefined; slot = owner.take(1)) taken.push(slot)
  t.equal(taken.length, 64 + 32 + 16, 'a small body may take a large slot')
  t.equal(owner.take(0), undefined)
  owner.give(taken[70])
  t.equal(owner.take(1), taken[70])
})
