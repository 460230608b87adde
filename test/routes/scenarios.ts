import { LstmError } from '../../src/errors.ts'
import type { Answer, Service } from '../service.ts'

/** How each documented status of each operation comes about. `ask` holds every answer against the document. */
export type Scenario = (service: Service) => Promise<Answer>

export const fault = async (): Promise<never> => {
  throw new Error('made to fail')
}

/** The pool fails, as it does when an operation meets a bug. */
export const whenFaulty =
  (scenario: Scenario): Scenario =>
  (service) => {
    Object.assign(service.app.pool, { run: fault, infer: fault })
    return scenario(service)
  }

/** The pool finds no time. */
export const whenLate =
  (scenario: Scenario): Scenario =>
  (service) => {
    const late = async (): Promise<never> => {
      throw new LstmError('LSTM_ERR_DEADLINE', [1])
    }
    Object.assign(service.app.pool, { run: late, infer: late })
    return scenario(service)
  }

/** The store fails. */
export const whenStoreFaulty =
  (scenario: Scenario): Scenario =>
  (service) => {
    const broken = () => {
      throw new Error('made to fail')
    }
    Object.assign(service.app.store, { get: broken, list: broken, unload: broken })
    return scenario(service)
  }

/** The workers are gone. */
export const whenClosed =
  (scenario: Scenario): Scenario =>
  async (service) => {
    await service.app.pool.close()
    return scenario(service)
  }

/** The disk has no room. */
export const whenDiskFull =
  (scenario: Scenario): Scenario =>
  (service) => {
    const keep = (name: string) => ({ name, created: '', aside: '/dev/full' })
    Object.assign(service.app.store.folder!, { keep, drop: async () => {} })
    return scenario(service)
  }

/** More than once, where the rate limit lets one request through. */
const again =
  (scenario: Scenario): Scenario =>
  async (service) => {
    await scenario(service)
    return scenario(service)
  }

/** What every operation with a scope may answer: no key, a key for something else, too often. */
export const guarded = (scenario: (headers: Record<string, string>) => Scenario): Record<string, Scenario> => ({
  401: scenario({}),
  403: scenario({ authorization: 'Bearer none' }),
  429: again(scenario({}))
})

export const post =
  (url: string, body: unknown, headers: Record<string, string> = {}): Scenario =>
  ({ ask }) =>
    ask({ url, body, headers })
export const get =
  (url: string, headers: Record<string, string> = {}): Scenario =>
  ({ ask }) =>
    ask({ method: 'GET', url, headers })
export const remove =
  (url: string, headers: Record<string, string> = {}): Scenario =>
  ({ ask }) =>
    ask({ method: 'DELETE', url, headers })
