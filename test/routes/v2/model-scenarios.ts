import { randomSet } from '../../tensors.ts'
import {
  get,
  guarded,
  post,
  type Scenario,
  whenClosed,
  whenDiskFull,
  whenFaulty,
  whenStoreFaulty
} from '../scenarios.ts'

/** How the documented statuses of models, their statistics and the repository come about. */

const file = Buffer.from(JSON.stringify(randomSet(2, 1, 1, 1))).toString('base64')
const load = { parameters: { 'file:1/model.json': file } }
const large = JSON.stringify({ parameters: { config: ' '.repeat(70_000) } })

const reading = (url: string): Record<string, Scenario> => ({
  ...guarded((headers) => get(url, headers)),
  200: get(url),
  500: whenStoreFaulty(get(url))
})

/** Both forms of a route that says something of a model. */
const ofModel = (operationId: string, tail: string, more: (url: string) => Record<string, Scenario> = () => ({})) => {
  const of = (url: string, versioned: (model: string) => string): Record<string, Scenario> => ({
    ...reading(url),
    400: get(`/v2/models/${versioned('%zz')}${tail}`),
    404: get(`/v2/models/${versioned('none')}${tail}`),
    ...more(url)
  })
  const withVersion: Scenario = async (service) => {
    const { json } = await service.ask({ method: 'GET', url: '/v2/models/p' })
    return service.ask({ method: 'GET', url: `/v2/models/p/versions/${json.versions[0]}${tail}` })
  }
  const plain = of(`/v2/models/p${tail}`, (model) => model)
  return {
    [operationId]: plain,
    [`${operationId}Version`]: {
      ...of(`/v2/models/p/versions/1${tail}`, (model) => `${model}/versions/1`),
      200: withVersion,
      ...(503 in plain && { 503: whenClosed(withVersion) })
    }
  }
}

const bodied = (url: string, good: unknown): Record<string, Scenario> => ({
  ...guarded((headers) => post(url, good, headers)),
  200: post(url, good),
  400: post(url, '{'),
  413: post(url, large)
})

export const v2ModelScenarios: Record<string, Record<string, Scenario>> = {
  v2Models: reading('/v2/models'),
  ...ofModel('v2ModelMetadata', ''),
  ...ofModel('v2ModelReady', '/ready', (url) => ({ 503: whenClosed(get(url)) })),
  ...ofModel('v2ModelConfig', '/config'),
  v2Statistics: reading('/v2/models/stats'),
  ...ofModel('v2ModelStatistics', '/stats'),
  v2RepositoryIndex: {
    ...bodied('/v2/repository/index', { ready: true }),
    500: whenStoreFaulty(post('/v2/repository/index', undefined))
  },
  v2LoadModel: {
    ...bodied('/v2/repository/models/p/load', load),
    500: whenFaulty(post('/v2/repository/models/p/load', load)),
    503: whenClosed(post('/v2/repository/models/p/load', load)),
    507: whenDiskFull(post('/v2/repository/models/p/load', load))
  },
  v2UnloadModel: {
    ...bodied('/v2/repository/models/p/unload', { parameters: { unload_dependents: false } }),
    500: whenStoreFaulty(post('/v2/repository/models/p/unload', undefined))
  }
}
