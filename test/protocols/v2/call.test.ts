import t from 'tap'
import { type InferCall, readCall, writeCall } from '../../../src/protocols/v2/call.ts'

const call: InferCall = { model: 'größe', jsonBytes: 3, arrived: 1.5, sequence: { from: { version: 'v', m: 2 } } }

const nothing = { version: undefined, jsonBytes: undefined, sequence: undefined }

t.test('comes back with its states and the body behind it, wherever it lies', async (t) => {
  const states = Float32Array.of(1, -2, 0.5)
  const piece = writeCall(call, new Uint8Array(states.buffer))
  for (const offset of [0, 1, 2, 4]) {
    const memory = new Uint8Array(offset + piece.length + 5)
    memory.set(piece, offset)
    memory.set([1, 2, 3, 4, 5], offset + piece.length)
    const received = readCall(memory.subarray(offset))
    t.strictSame(received.call, { ...nothing, ...call })
    t.strictSame([...received.states], [1, -2, 0.5])
    t.strictSame([...received.body], [1, 2, 3, 4, 5])
  }
})

t.test('without states or a body', async (t) => {
  const received = readCall(writeCall({ model: '', arrived: 0 }))
  t.strictSame(received.call, { ...nothing, model: '', arrived: 0 })
  t.equal(received.states.length, 0)
  t.equal(received.body.length, 0)
})

t.test('the tensors behind the JSON begin at a multiple of 8', async (t) => {
  const states = new Uint8Array(Float32Array.of(1, 2).buffer)
  for (const jsonBytes of [1, 2, 3, 4, 5, 400]) {
    const piece = writeCall({ model: 'm', arrived: 0, jsonBytes }, states)
    const memory = new Uint8Array(piece.length + jsonBytes + 8)
    memory.set(piece)
    const received = readCall(memory)
    t.equal(received.body.length, jsonBytes + 8)
    t.equal((received.body.byteOffset + jsonBytes) % 8, 0, String(jsonBytes))
    t.strictSame([...received.states], [1, 2])
  }
})
