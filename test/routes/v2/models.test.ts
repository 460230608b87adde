import t from 'tap'
import { exportModel } from '../../../src/parameters/exporters/export-model.ts'
import { binaryInput, inferBody, readInfer } from '../../infer-message.ts'
import { randomModels } from '../../random-model.ts'
import { startService } from '../../service.ts'
import { randomSet } from '../../tensors.ts'

/** Names, tensors, readiness and configuration of models. */

interface Tensor {
  readonly name: string
  readonly shape: number[]
}

const m = 3
const T_x = 5

/** A shape with the lengths that the requests here have in place of -1. */
const filled = ({ name, shape }: Tensor): number[] => {
  const free = name === 'lengths' || shape.filter((length) => length === -1).length === 1 ? [m] : [m, T_x]
  return shape.map((length) => (length === -1 ? free.shift()! : length))
}
const count = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1)

t.test('the metadata is what infer takes and gives, for sets of every kind', async (t) => {
  const { ask } = await startService(t)
  for (const [kind, model] of Object.entries(randomModels)) {
    const put = await ask({ method: 'PUT', url: '/parameters/p', body: exportModel(model, 'json') })
    const { json } = await ask({ method: 'GET', url: '/v2/models/p?any=thing' })
    t.match(json, { name: 'p', versions: [put.json.version], platform: 'lstm_serve' }, kind)
    t.strictSame(
      json.inputs.map(({ name }: Tensor) => name),
      ['x', 'a0', 'c0', 'lengths']
    )
    const inputs = json.inputs.map((input: Tensor & { datatype: string }) =>
      input.name === 'lengths'
        ? { ...input, shape: [m], data: new Array(m).fill(T_x) }
        : binaryInput(input.name, filled(input), new Array(count(filled(input))).fill(0.25))
    )
    const outputs = json.outputs.map(({ name }: Tensor) => ({ name }))
    const answer = await ask({ url: '/v2/models/p/infer', ...inferBody({ inputs, outputs }) })
    t.equal(answer.status, 200, `${kind}: ${answer.bytes.toString()}`)
    for (const output of json.outputs as Tensor[]) {
      t.strictSame(readInfer(answer).outputs[output.name].shape, filled(output), `${kind}: ${output.name}`)
    }
    const byDefault = await ask({ url: '/v2/models/p/infer', ...inferBody({ inputs: inputs.slice(0, 1) }) })
    const names = Object.keys(readInfer(byDefault).outputs)
    t.strictSame(
      outputs.slice(0, names.length),
      names.map((name) => ({ name })),
      `${kind}: those by default come first`
    )
  }
})

t.test('the configuration is what load testers read', async (t) => {
  const { ask } = await startService(t)
  for (const [kind, model] of Object.entries(randomModels)) {
    await ask({ method: 'PUT', url: '/parameters/p', body: exportModel(model, 'json') })
    const { json: metadata } = await ask({ method: 'GET', url: '/v2/models/p' })
    const { json: config } = await ask({ method: 'GET', url: '/v2/models/p/config' })
    t.match(config, { name: 'p', max_batch_size: 0, model_transaction_policy: { decoupled: false } })
    t.equal(config.response_cache.enable, false)
    for (const [side, tensors] of [
      ['input', metadata.inputs],
      ['output', metadata.outputs]
    ] as const) {
      const there = config[side].map(({ name, data_type, dims }: Record<string, unknown>) => ({
        name,
        data_type,
        dims
      }))
      t.strictSame(
        there,
        tensors.map(({ name, datatype, shape }: Record<string, unknown>) => ({
          name,
          data_type: `TYPE_${datatype}`,
          dims: shape
        }))
      )
    }
    const optional = config.input.filter((input: { optional: boolean }) => input.optional)
    t.strictSame(
      optional.map(({ name }: Tensor) => name),
      ['a0', 'c0', 'lengths']
    )
    const reverse = model.layers.some((layer) => layer.reverse !== undefined)
    t.equal('sequence_batching' in config, !reverse, `${kind}: a sequence goes on where no layer runs backwards`)
    t.equal('dynamic_batching' in config, reverse)
  }
})

t.test('a version in the path has to be the one that is there, a number', async (t) => {
  const { ask } = await startService(t)
  const { json: put } = await ask({ method: 'PUT', url: '/parameters/p', body: randomSet(1, 2, 3, 4) })
  const { json: stats } = await ask({ method: 'GET', url: '/v2/models/p/stats' })
  t.equal(stats.model_stats[0].version, put.version)
  t.ok(BigInt.asIntN(64, BigInt(put.version)) >= 0n, 'which a signed integer of 64 bits can hold')
  const { version } = put
  for (const tail of ['', '/ready', '/config', '/stats']) {
    const { status } = await ask({ method: 'GET', url: `/v2/models/p/versions/${version}${tail}` })
    t.equal(status, 200, `${version}${tail}`)
  }
  const inputs = [{ name: 'x', shape: [2, 1, 1], datatype: 'FP32', data: [1, 2] }]
  const { status } = await ask({ url: `/v2/models/p/versions/${version}/infer`, body: { inputs } })
  t.equal(status, 200)
  for (const other of ['1', '-1', '%20', version.slice(1), `${version}0`]) {
    const { status, json } = await ask({ method: 'GET', url: `/v2/models/p/versions/${other}` })
    t.equal(status, 404)
    t.match(json.error, /^Request for unknown model: 'p' version .* is not found; its version is "[1-9][0-9]*"$/)
  }
})

t.test('names are percent-decoded, and those of nothing are not found', async (t) => {
  const { ask } = await startService(t)
  await ask({ method: 'PUT', url: '/parameters/a.b-c', body: randomSet(1, 1, 1, 1) })
  await ask({ method: 'PUT', url: '/parameters/stats', body: randomSet(1, 1, 1, 1) })
  t.equal((await ask({ method: 'GET', url: '/v2/models/%61%2Eb-c?x=%zz' })).json.name, 'a.b-c')
  t.strictSame((await ask({ method: 'GET', url: '/v2/models' })).json, { models: ['a.b-c', 'stats'] })
  t.ok('model_stats' in (await ask({ method: 'GET', url: '/v2/models/stats' })).json, 'statistics, not that model')
  for (const [name, decoded] of [
    ['none', 'none'],
    ['a%2Fb', 'a/b'],
    ['gr%C3%B6%C3%9Fe', 'größe'],
    ['__proto__', '__proto__'],
    ['x'.repeat(3000), 'x'.repeat(3000)]
  ]) {
    for (const tail of ['', '/ready', '/config', '/stats']) {
      const { status, json } = await ask({ method: 'GET', url: `/v2/models/${name}${tail}` })
      t.equal(status, 404)
      t.equal(json.error, `Request for unknown model: '${decoded}' is not found`)
    }
  }
})

t.test('a model is not ready while the server is about to end', async (t) => {
  const { app, ask } = await startService(t)
  await ask({ method: 'PUT', url: '/parameters/p', body: randomSet(1, 1, 1, 1) })
  t.strictSame((await ask({ method: 'GET', url: '/v2/models/p/ready' })).json, { name: 'p', ready: true })
  app.drain.begin()
  const { status, json } = await ask({ method: 'GET', url: '/v2/models/p/ready' })
  t.equal(status, 503)
  t.strictSame(json, { name: 'p', ready: false })
  t.equal((await ask({ method: 'GET', url: '/v2/models/q/ready' })).status, 404)
})
