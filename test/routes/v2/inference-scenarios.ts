import { importState } from '../../../src/sequences/exported-state.ts'
import {
  fault,
  get,
  guarded,
  post,
  remove,
  type Scenario,
  whenClosed,
  whenFaulty,
  whenLate,
  whenStoreFaulty
} from '../scenarios.ts'

/** How the documented statuses of inferences and sequences come about. */

const v2Input = (values: number) => ({
  inputs: [{ name: 'x', shape: [1, 1, values], datatype: 'FP32', data: new Array(values).fill(0.5) }]
})

/** The infer routes, streamed and not. @param path behind the name of a set, from its version */
const v2Inference = (path: (version: string) => string): Record<string, Scenario> => {
  const ask =
    (body: unknown, headers: Record<string, string> = {}, name = 'p'): Scenario =>
    (service) =>
      post(`/v2/models/${name}/${path(service.app.store.get('p')!.set.version)}`, body, headers)(service)
  const good = v2Input(1)
  return {
    ...guarded((headers) => ask(good, headers)),
    200: ask(good),
    400: ask({}),
    404: ask(good, {}, 'none'),
    413: ask(v2Input(5000)),
    415: ask(good, { 'content-encoding': 'br' }),
    500: whenFaulty(ask(good)),
    503: whenClosed(ask(good)),
    504: whenLate(ask(good))
  }
}

/** A sequence is running, and what its export would be. */
const running =
  (scenario: (state: object) => Scenario): Scenario =>
  async (service) => {
    const { version } = service.app.store.get('p')!.set
    const document = {
      ...{ set_version: version, m: 1, steps: 3 },
      states: [{ layer: 0, direction: 'forward', a: [[0.5]], c: [[0.25]] }]
    }
    await service.app.sequences.place(
      { model: 'p', type: 'number', id: '7' },
      importState(document, 'p', service.app.store.get('p')!.set, false)
    )
    return scenario(document)(service)
  }

const whenSequencesFaulty =
  (scenario: Scenario): Scenario =>
  (service) => {
    Object.assign(service.app.sequences, { inTurn: fault })
    return scenario(service)
  }

const sequences = '/v2/models/p/sequences'
const putSequence =
  (body: unknown, headers: Record<string, string> = {}): Scenario =>
  ({ ask }) =>
    ask({ method: 'PUT', url: `${sequences}/7`, body, headers })

export const v2InferenceScenarios: Record<string, Record<string, Scenario>> = {
  v2Infer: v2Inference(() => 'infer'),
  v2InferVersion: v2Inference((version) => `versions/${version}/infer`),
  v2InferStream: v2Inference(() => 'infer_stream'),
  v2InferStreamVersion: v2Inference((version) => `versions/${version}/infer_stream`),
  v2Sequences: {
    ...guarded((headers) => get(sequences, headers)),
    200: running(() => get(`${sequences}?limit=1`)),
    400: get(`${sequences}?limit=0`),
    404: get('/v2/models/none/sequences'),
    500: whenStoreFaulty(get(sequences))
  },
  v2ExportSequence: {
    ...guarded((headers) => get(`${sequences}/7`, headers)),
    200: running(() => get(`${sequences}/7`)),
    400: get(`${sequences}/0`),
    404: get(`${sequences}/none`),
    500: whenSequencesFaulty(get(`${sequences}/7`))
  },
  v2ImportSequence: {
    ...guarded((headers) => running((state) => putSequence(state, headers))),
    204: running((state) => putSequence(state)),
    400: putSequence({}),
    404: ({ ask }) => ask({ method: 'PUT', url: '/v2/models/none/sequences/7', body: {} }),
    413: putSequence('0'.repeat(2 ** 22 + 1)),
    500: whenSequencesFaulty(putSequence({}))
  },
  v2EndSequence: {
    ...guarded((headers) => remove(`${sequences}/7`, headers)),
    204: running(() => remove(`${sequences}/7`)),
    400: remove(`${sequences}/0`),
    404: remove(`${sequences}/none`),
    500: whenSequencesFaulty(remove(`${sequences}/7`))
  }
}
