import { readdirSync, readFileSync } from 'node:fs'
import { set } from '../server.mjs'
import { Generator } from './generate.mjs'
import { inferMessage } from './infer.mjs'
import { mutate } from './mutate.mjs'

const file = (path) => readFileSync(new URL(`../../../${path}`, import.meta.url))
const json = (value) => Buffer.from(JSON.stringify(value))

function matrix(rows, columns) {
  return Array.from({ length: rows }, (_, r) => Array.from({ length: columns }, (_, c) => Math.sin(3 * r + c)))
}

function base64Cell() {
  const data = Buffer.from(Float32Array.from({ length: 4 }, Math.random).buffer).toString('base64')
  return json({ parameters: 'p', xt: { shape: [4, 1], data }, outputs: ['ot'] })
}

function fixtures() {
  return ['npz', 'pytorch', 'onnx', 'keras'].flatMap((folder) =>
    readdirSync(new URL(`../../fixtures/${folder}/`, import.meta.url))
      .filter((name) => /\.(npz|safetensors|onnx|pt|keras|h5)$/.test(name))
      .map((name) => file(`test/fixtures/${folder}/${name}`))
  )
}

function loads() {
  const npz = file('examples/digits/parameters.npz').toString('base64')
  const parameters = {
    config: '{"dynamic_batching": {}, "parameters": {"head_activation": {"string_value": "softmax"}}}'
  }
  return [
    json({ parameters: { ...parameters, 'file:1/model.json': json(set(2, 3, 4, 2)).toString('base64') } }),
    json({ parameters: { config: '{}', 'file:1/model.npz': npz } }),
    json({ parameters }),
    json({})
  ]
}

/** The known request, whose answer stays the same all the time. */
export const known = json({ parameters: 'p', x: matrix(4, 5).map((row) => row.map((value) => [value, value / 2])) })

/** By route: bodies that are good, of which the others are made. */
const samples = {
  '/cell': [json({ parameters: 'p', xt: matrix(4, 3), a_prev: matrix(8, 3), outputs: ['ft', 'cache'] }), base64Cell()],
  '/sequence': [
    json({ parameters: 'p', x: matrix(4, 2).map((row) => row.map((value) => [value, 0.5, -value])) }),
    json({
      parameters: set(1, 2, 3, 2),
      layout: 'time_first',
      x: [matrix(2, 2)],
      lengths: [1, 1],
      outputs: ['caches']
    }),
    json({ parameters: 'q', layout: 'batch_first', x: [matrix(9, 4)], steps: 'last', encoding: 'base64' })
  ],
  '/parameters/{name}': [json(set(2, 3, 4, 2)), ...fixtures()],
  '/v2/repository/models/{model}/load': loads()
}

/** Bodies generated from the API document, and good ones with bytes changed. */
function documented(path, document) {
  const good = samples[path]
  const [method, operation] = Object.entries(document.paths[path]).find(([name]) => name === 'post' || name === 'put')
  const { schema } = operation.requestBody.content['application/json']
  return {
    method: method.toUpperCase(),
    path,
    documented: operation.responses,
    request(random) {
      const generator = new Generator(document, random)
      const generated = random.chance(good.length > 5 ? 0.3 : 0.5)
      let body = generated ? json(generator.body(schema)) : random.of(good)
      if (random.chance(generated ? 0.2 : 0.9)) body = mutate(body, random, good)
      return {
        body,
        headers: { 'content-type': 'application/json' },
        query: generator.query(operation.parameters ?? [])
      }
    }
  }
}

function inference(path, document) {
  return {
    method: 'POST',
    path,
    documented: document.paths[path].post.responses,
    request: (random) => ({
      ...inferMessage(random),
      query: random.chance(0.05) ? '?a=%20&b' : '',
      model: random.of(['p', 'q'])
    })
  }
}

/** What is thrown at, each with how a request to it is made of random numbers. */
export function targets(document) {
  return [
    ...Object.keys(samples).map((path) => documented(path, document)),
    ...['/v2/models/{model}/infer', '/v2/models/{model}/infer_stream'].map((path) => inference(path, document))
  ]
}
