import assert from 'node:assert/strict'
import t from 'tap'
import type { LstmError } from '../../../src/errors.ts'
import { exportModel } from '../../../src/parameters/exporters/export-model.ts'
import { type InferCall, writeCall } from '../../../src/protocols/v2/call.ts'
import { binaryInput, inferBody, type Message } from '../../infer-message.ts'
import { kernelNames } from '../../kernels/kernels.ts'
import { randomModels } from '../../random-model.ts'
import { type Service, startService } from '../../service.ts'
import { flatten, random, randomSet, transpose } from '../../tensors.ts'

/** Requests of a sequence: their states come with the call and go behind the answer. */

async function run({ app }: Service, call: Partial<InferCall>, message: Message, states?: Uint8Array) {
  const { body, headers } = inferBody(message)
  const jsonBytes = headers['inference-header-content-length']
  const whole = { model: 'p', arrived: Date.now(), ...call, ...(jsonBytes && { jsonBytes: Number(jsonBytes) }) }
  const { bytes, stateBytes, m, free, ...answer } = await app.pool.infer('infer', [writeCall(whole, states), body])
  const end = bytes.length - stateBytes
  const json = JSON.parse(Buffer.from(bytes.subarray(0, answer.jsonBytes)).toString())
  const tail = bytes.slice(answer.jsonBytes, end)
  const left = bytes.slice(end)
  free()
  return { json, tail, states: left, m }
}

const message = (x: unknown[], n_x: number, m: number): Message => ({
  parameters: { layout: 'time_first', binary_data_output: true, sequence_id: 7 },
  inputs: [binaryInput('x', [x.length, m, n_x], flatten(x))],
  outputs: [{ name: 'a' }]
})

const forwardOnly = Object.entries(randomModels).filter(([, { layers }]) => layers.every(({ reverse }) => !reverse))

for (const kernel of kernelNames)
  t.test(`a sequence in any pieces is the same bits as the whole: ${kernel}`, async (t) => {
    const service = await startService(t, { kernel })
    const [m, T_x] = [3, 11]
    for (const [name, model] of forwardOnly) {
      const put = await service.ask({ method: 'PUT', url: '/parameters/p', body: exportModel(model, 'json') })
      const { version } = put.json
      const n_x = model.layers[0].forward!.n_x
      const x = transpose(random(1, [n_x, m, T_x], 2), [2, 1, 0]) as unknown[]
      const whole = await run(service, { sequence: {} }, message(x, n_x, m))
      for (const pieces of [[1, 10], [4, 3, 4], Array(11).fill(1) as number[]]) {
        const parts: Uint8Array[] = []
        let states: Uint8Array | undefined
        let at = 0
        for (const length of pieces) {
          const sequence = states === undefined ? {} : { from: { version, m } }
          const part = await run(service, { sequence }, message(x.slice(at, at + length), n_x, m), states)
          t.equal(part.m, m)
          parts.push(part.tail)
          states = part.states
          at += length
        }
        t.strictSame(Buffer.concat(parts), Buffer.from(whole.tail), `${name} in ${pieces}`)
        t.strictSame(states, whole.states, name)
      }
    }
  })

t.test('a sequence may begin at states that it brings, but not go on from such', async (t) => {
  const service = await startService(t)
  const put = await service.ask({ method: 'PUT', url: '/parameters/p', body: randomSet(1, 2, 3, 2) })
  const x = random(1, [4, 1, 2]) as unknown[]
  const inputs = message(x, 2, 1).inputs
  const a0 = binaryInput('a0', [1, 3], [0.5, -0.5, 0.25])
  const begun = await run(service, { sequence: {} }, { ...message(x, 2, 1), inputs: [...inputs, a0] })
  const native = await run(
    service,
    {},
    { ...message(x, 2, 1), parameters: { layout: 'time_first', binary_data_output: true }, inputs: [...inputs, a0] }
  )
  t.strictSame(begun.tail, native.tail)
  t.equal(native.states.length, 0)
  const on = { sequence: { from: { version: put.json.version, m: 1 } } }
  await t.rejects(run(service, on, { ...message(x, 2, 1), inputs: [...inputs, a0] }, begun.states), {
    code: 'LSTM_ERR_BAD_TENSOR',
    message: /^a0: the sequence is running/
  })
})

t.test('columns of other lengths go on each from its own last step', async (t) => {
  const service = await startService(t)
  const put = await service.ask({ method: 'PUT', url: '/parameters/p', body: randomSet(1, 2, 3, 2) })
  const x = random(1, [4, 2, 2]) as unknown[]
  const ragged = message(x, 2, 2)
  const lengths = { name: 'lengths', shape: [2], datatype: 'INT32', data: [2, 4] }
  const first = await run(service, { sequence: {} }, { ...ragged, inputs: [...ragged.inputs, lengths] })
  const from = { from: { version: put.json.version, m: 2 } }
  const second = await run(service, { sequence: from }, message(x, 2, 2), first.states)
  const alone = (x as unknown[][]).map((columns) => [columns[0]])
  const whole = await run(service, { sequence: {} }, message([...alone.slice(0, 2), ...alone], 2, 1))
  const floats = (bytes: Uint8Array) => Array.from(new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4))
  const columnOf = (values: number[]) => values.filter((_, i) => Math.floor(i / 3) % 2 === 0)
  assert.deepEqual(columnOf(floats(second.tail)), floats(whole.tail).slice(6))
})

t.test('what does not go together is refused', async (t) => {
  const service = await startService(t)
  const put = await service.ask({ method: 'PUT', url: '/parameters/p', body: randomSet(1, 2, 3, 2) })
  const { version } = put.json
  const x = random(1, [4, 1, 2]) as unknown[]
  const { states } = await run(service, { sequence: {} }, message(x, 2, 1))
  const refused = async (call: Partial<InferCall>, sent: Message, code: string, text: RegExp) => {
    const error = (await run(service, call, sent, states).catch((thrown) => thrown)) as LstmError
    t.equal(error.code, code)
    t.match(error.message, text)
    t.equal(error.status, 400)
  }
  const from = (of: string, m: number) => ({ sequence: { from: { version: of, m } } })
  await refused(
    from('other', 1),
    message(x, 2, 1),
    'LSTM_ERR_SEQUENCE_SET_REPLACED',
    /began with version "other".*is "[0-9a-f]+" now/
  )
  const two = random(1, [4, 2, 2]) as unknown[]
  await refused(from(version, 1), message(two, 2, 2), 'LSTM_ERR_SEQUENCE_COLUMNS', /m = 2 columns; expected m = 1/)
  await refused({}, message(x, 2, 1), 'LSTM_ERR_SEQUENCE_UNSEEN', /sequence_id is 7/)
  const named = { ...message(x, 2, 1), parameters: { layout: 'time_first', sequence_id: 'a' } }
  await refused({}, named, 'LSTM_ERR_SEQUENCE_UNSEEN', /sequence_id is "a"/)
  await service.ask({ method: 'PUT', url: '/parameters/p', body: exportModel(randomModels.bidirectional, 'json') })
  await refused({ sequence: {} }, message(x, 2, 1), 'LSTM_ERR_REVERSE_SEQUENCE', /layer 0 of "p" runs from/)
})
