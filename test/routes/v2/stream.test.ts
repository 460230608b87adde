import assert from 'node:assert/strict'
import { request } from 'node:http'
import t from 'tap'
import { exportModel } from '../../../src/parameters/exporters/export-model.ts'
import { binaryInput, inferBody, type Message } from '../../infer-message.ts'
import { kernelNames } from '../../kernels/kernels.ts'
import { randomModels } from '../../random-model.ts'
import { type Service, startService } from '../../service.ts'
import { flatten, nest, random, randomSet, shapeOf, transpose } from '../../tensors.ts'

const url = '/v2/models/p/infer_stream'
const put = ({ ask }: Service, body: unknown) => ask({ method: 'PUT', url: '/parameters/p', body })

interface Event {
  readonly name: string | undefined
  // biome-ignore lint/suspicious/noExplicitAny: tests look into events
  readonly data: any
}

/** Server-sent events as their standard divides them. */
function eventsOf(text: string): Event[] {
  assert.ok(text.endsWith('\n\n'))
  return text
    .slice(0, -2)
    .split('\n\n')
    .map((event) => {
      const fields = Object.fromEntries(
        event.split('\n').map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)])
      )
      return { name: fields.event, data: JSON.parse(fields.data) }
    })
}

async function stream(service: Service, message: Message): Promise<Event[]> {
  const answer = await service.ask({ url, ...inferBody(message) })
  assert.equal(answer.status, 200, answer.bytes.toString())
  assert.equal(answer.headers['content-type'], 'text/event-stream')
  return eventsOf(answer.bytes.toString())
}

const axes = { features_first: [0, 1, 2], batch_first: [1, 2, 0], time_first: [2, 1, 0] }
const outputOf = ({ data }: Event, name: string) => {
  const found = data.outputs.find((output: { name: string }) => output.name === name)
  return nest(found.shape, found.data)
}

for (const kernel of kernelNames)
  t.test(`the events together are the answer of infer, bit for bit: ${kernel}`, async (t) => {
    const service = await startService(t, { kernel })
    const [m, T_x] = [3, 11]
    for (const [name, model] of Object.entries(randomModels)) {
      const forward = model.layers.map((layer) => layer.forward)
      if (model.layers.some(({ reverse }) => reverse) || forward[0] === undefined) continue
      await put(service, exportModel(model, 'json'))
      const withHead = model.head !== undefined
      for (const [layout, order] of Object.entries(axes)) {
        const x = transpose(random(1, [forward[0].n_x, m, T_x], 2), order)
        const state = (width: 'n_h' | 'n_a', seed: number) => {
          const widths = forward.map((layer) => layer![width])
          const same = widths.every((n) => n === widths[0])
          const n = same ? widths[0] : widths.reduce((a, b) => a + b)
          const each = layout === 'features_first' ? [n, m] : [m, n]
          return random(seed, same && widths.length > 1 ? [widths.length, ...each] : each)
        }
        const inputs = Object.entries({ x, a0: state('n_h', 2), c0: state('n_a', 3) }).map(([input, values]) =>
          binaryInput(input, shapeOf(values), flatten(values))
        )
        const steps = withHead ? ['y', 'a', 'layers.0.forward.ot'] : ['a', 'layers.0.forward.ot']
        const last = withHead ? ['a_last', 'c_last', 'y_last'] : ['a_last', 'c_last']
        const outputs = [...steps, ...(withHead ? ['y_last'] : [])].map((output) => ({ name: output }))
        const whole = await service.ask({
          url: '/v2/models/p/infer',
          ...inferBody({
            inputs,
            parameters: { layout },
            outputs: [...steps, ...last].map((output) => ({ name: output }))
          })
        })
        for (const stream_steps of [1, 4, 11, 100]) {
          const events = await stream(service, { id: 's', inputs, parameters: { layout, stream_steps }, outputs })
          t.equal(events.length, Math.ceil(T_x / stream_steps) + 1)
          for (const { data } of events)
            t.match(data, { id: 's', model_name: 'p', model_version: whole.json.model_version })
          const end = events.pop()!
          const all: Event = { name: undefined, data: whole.json }
          for (const output of last) t.strictSame(outputOf(end, output), outputOf(all, output), `${name} ${output}`)
          t.equal(end.data.outputs.length, last.length)
          const timeFirst = (event: Event, output: string) =>
            transpose(outputOf(event, output), [order.indexOf(2), order.indexOf(1), order.indexOf(0)]) as unknown[]
          for (const output of steps) {
            t.strictSame(
              events.flatMap((event) => timeFirst(event, output)),
              timeFirst(all, output),
              `${name} ${layout} ${output} in blocks of ${stream_steps}`
            )
          }
        }
      }
    }
  })

t.test('JSON bodies, default outputs, 64 steps at once', async (t) => {
  const service = await startService(t)
  await put(service, randomSet(1, 1, 3, 2))
  const x = random(1, [1, 1, 130])
  const events = await stream(service, { inputs: [{ name: 'x', shape: [1, 1, 130], datatype: 'FP32', data: x }] })
  t.strictSame(
    events.map(({ data }) =>
      data.outputs.map(({ name, shape }: { name: string; shape: number[] }) => [name, ...shape])
    ),
    [
      ...[64, 64, 2].map((steps) => [
        ['y', 2, 1, steps],
        ['a', 3, 1, steps],
        ['c', 3, 1, steps]
      ]),
      [
        ['a_last', 3, 1],
        ['c_last', 3, 1]
      ]
    ]
  )
})

t.test('what is wrong with the request has a status of its own', async (t) => {
  const service = await startService(t)
  const x = { name: 'x', shape: [1, 1, 3], datatype: 'FP32', data: [1, 2, 3] }
  const lengths = { name: 'lengths', shape: [1], datatype: 'INT32', data: [2] }
  await put(service, randomSet(1, 1, 3, 2))
  for (const [message, text] of [
    [{ inputs: [x, lengths] }, /^lengths: unexpected input; the columns of a stream are all of one length/],
    [{ inputs: [x], outputs: [{ name: 'y', parameters: { binary_data: true } }] }, /^y: events are text/],
    [{ inputs: [x], parameters: { binary_data_output: true } }, /^y: events are text/],
    [{ inputs: [x], outputs: [{ name: 'a_last' }] }, /^a_last: belongs to the last event/],
    [{ inputs: [x], parameters: { sequence_id: 3 } }, /a stream is a sequence of its own/],
    [{ inputs: [x], parameters: { stream_steps: 0 } }, /stream_steps/],
    [{ inputs: [x], parameters: { stream_steps: 1.5 } }, /stream_steps/],
    [{ inputs: [{ ...x, shape: [3, 1, 1] }] }, /x has shape \(3, 1, 1\); expected/],
    [{ inputs: [x], outputs: [{ name: 'z' }] }, /z cannot be given/]
  ] as const) {
    const { status, json, headers } = await service.ask({ url, body: message })
    t.equal(status, 400)
    t.match(headers['content-type'], /^application\/json/)
    t.match(json.error, text)
  }
  await put(service, exportModel(randomModels.bidirectional, 'json'))
  const { json } = await service.ask({ url, body: { inputs: [{ ...x, shape: [2, 1, 1], data: [1, 2] }] } })
  t.equal(json.code, 'LSTM_ERR_REVERSE_SEQUENCE')
  t.equal((await service.ask({ url: '/v2/models/none/infer_stream', body: { inputs: [x] } })).status, 404)
})

t.test('a set that is replaced meanwhile ends the stream with an error', async (t) => {
  const service = await startService(t)
  await put(service, randomSet(1, 1, 3, 2))
  const { pool } = service.app
  const infer = pool.infer.bind(pool)
  let calls = 0
  pool.infer = async (...args) => {
    if (++calls === 4) await put(service, randomSet(2, 1, 3, 2))
    return infer(...args)
  }
  const x = { name: 'x', shape: [1, 1, 9], datatype: 'FP32', data: random(1, [1, 1, 9]) }
  const events = await stream(service, { inputs: [x], parameters: { stream_steps: 2 } })
  t.equal(events.length, 3, 'two that were right')
  t.equal(events[2].name, 'error')
  t.match(events[2].data, { code: 'LSTM_ERR_SEQUENCE_SET_REPLACED', status: 400, error: /began with version/ })
})

t.test('a fault of ours ends it too, and says nothing of itself', async (t) => {
  const service = await startService(t)
  await put(service, randomSet(1, 1, 3, 2))
  const { pool } = service.app
  const infer = pool.infer.bind(pool)
  let calls = 0
  pool.infer = async (...args) => {
    if (++calls === 3) throw new Error('made to fail')
    return infer(...args)
  }
  const x = { name: 'x', shape: [1, 1, 9], datatype: 'FP32', data: random(1, [1, 1, 9]) }
  const events = await stream(service, { inputs: [x], parameters: { stream_steps: 2 } })
  t.strictSame(
    events.map(({ name }) => name),
    [undefined, 'error']
  )
  t.equal(events[1].data.code, 'LSTM_ERR_INTERNAL')
})

t.test('a slow reader holds back what is computed, and one that goes away ends it', async (t) => {
  const service = await startService(t)
  await put(service, randomSet(1, 1, 64, 2))
  const { app } = service
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  let computed = 0
  const infer = app.pool.infer.bind(app.pool)
  app.pool.infer = (...args) => {
    if (args[0] === 'infer') computed++
    return infer(...args)
  }
  const T_x = 100_000
  const { body, headers } = inferBody({
    inputs: [binaryInput('x', [1, 1, T_x], new Float32Array(T_x).fill(0.5))],
    parameters: { stream_steps: 100 }
  })
  const closed = new Promise<void>((resolve) => {
    const sent = request({ host: '127.0.0.1', port, path: url, method: 'POST', headers }, async (answer) => {
      answer.once('readable', async () => {
        answer.read()
        // it takes nothing any more: what was computed comes to rest far from the end
        for (let before = -1; computed > before; ) {
          before = computed
          await new Promise((again) => setTimeout(again, 300))
        }
        t.ok(computed > 1)
        t.ok(computed < 500, `${computed} of 1000 blocks`)
        t.ok(app.pool.admission.arrivingBytes > 4 * T_x, 'what it holds is counted')
        const { inFlight } = app.requestCounts
        t.equal(inFlight, 1)
        sent.destroy()
        resolve()
      })
    })
    sent.on('error', () => {})
    sent.end(body)
  })
  await closed
  while (app.requestCounts.inFlight > 0) await new Promise((again) => setTimeout(again, 20))
  const atEnd = computed
  await new Promise((again) => setTimeout(again, 200))
  t.equal(computed, atEnd)
  t.equal(app.pool.admission.arrivingBytes, 0)
  t.equal(app.pool.pending, 0)
})

t.test('a reader that takes nothing for longer than the deadline is given up', async (t) => {
  const service = await startService(t, { deadlineMs: 500 })
  await put(service, randomSet(1, 1, 64, 2))
  const { app } = service
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  const T_x = 100_000
  const { body, headers } = inferBody({
    inputs: [binaryInput('x', [1, 1, T_x], new Float32Array(T_x).fill(0.5))],
    parameters: { stream_steps: 100 }
  })
  const over = new Promise<boolean>((resolve) => {
    const sent = request({ host: '127.0.0.1', port, path: url, method: 'POST', headers }, (answer) => {
      answer.pause()
      answer.on('close', () => resolve(answer.complete))
      answer.on('error', () => {})
      setTimeout(() => answer.resume(), 3000)
    })
    sent.on('error', () => resolve(false))
    sent.end(body)
  })
  t.equal(await over, false, 'cut off')
  t.equal(app.pool.admission.arrivingBytes, 0)
})
