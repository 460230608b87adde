import { createHash } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import type { operations } from '../api-document.ts'
import { type Service, startService } from '../service.ts'
import { randomSet } from '../tensors.ts'
import type { Scenario } from './scenarios.ts'

const set = randomSet(1, 1, 1, 1)

const keyLine = (key: string, scope: string) => `${key} ${scope} ${createHash('sha256').update(key).digest('hex')}\n`
/** Keys that allow nothing but the metrics, and everything but those. */
const keys = keyLine('none', 'metrics') + keyLine('other', 'infer')

/** One worker: services are started by the hundred here. */
const limits = { maxBodyBytes: 10_000, maxParametersBytes: 10_000, workers: 1 }

/** Brings every documented status of some operations about. @param scenarios by operationId and status */
export function testScenarios(
  some: typeof operations,
  scenarios: Readonly<Record<string, Readonly<Record<string, Scenario>>>>
): void {
  for (const { method, path, operation } of some) {
    const { operationId, responses } = operation
    t.test(`${method} ${path}`, async (t) => {
      const ofOperation = scenarios[operationId] ?? {}
      t.strictSame(
        Object.keys(ofOperation).sort(),
        Object.keys(responses).sort(),
        'a scenario for each documented status'
      )
      const folder = t.testdir({ keys })
      const apiKeysFile = join(folder, 'keys')
      const shared = await startService(t, limits)
      const guardedServices = new Map<string, Service>()
      for (const [status, scenario] of Object.entries(ofOperation)) {
        // faults and the end of the workers cannot be undone
        const own = {
          401: { apiKeysFile },
          403: { apiKeysFile },
          429: { rateLimit: 1 },
          500: {},
          503: {},
          504: {},
          507: { dataDir: join(folder, 'data') }
        }[status]
        const key = JSON.stringify(own)
        const service =
          own === undefined ? shared : (guardedServices.get(key) ?? (await startService(t, { ...limits, ...own })))
        await shared.ask({ method: 'PUT', url: '/parameters/p', body: set })
        if (service !== shared && !guardedServices.has(key)) {
          // who is refused leaves a service as it was
          if (own !== undefined && 'apiKeysFile' in own) guardedServices.set(key, service)
          const loaded = await service.app.pool.run<'import'>({
            kind: 'import',
            body: [Buffer.from(JSON.stringify(set))]
          })
          service.app.store.adopt({ name: 'p', set: loaded, created: new Date() })
        }
        const answer = await scenario(service)
        t.equal(answer.status, Number(status), status)
        if (answer.status >= 400 && answer.headers['content-type'].startsWith('application/problem')) {
          t.equal(answer.json.status, answer.status)
          t.equal(answer.json.request_id, answer.headers['x-request-id'])
        }
        if (answer.status === 429) t.match(answer.headers['retry-after'], /^[1-9]\d*$/)
        if (answer.status === 500) t.notMatch(answer.json.detail, /made to fail/, 'a fault is for the log')
      }
    })
  }
}
