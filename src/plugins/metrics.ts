import fastifyPlugin from 'fastify-plugin'
import type { Phases } from '../metrics/phases.ts'
import { RequestCounts, type RouteCounts } from '../metrics/request-counts.ts'

declare module 'fastify' {
  interface FastifyInstance {
    readonly requestCounts: RequestCounts
  }
  interface FastifyRequest {
    /** Where the time of an inference went; the route says so. */
    phases: Phases | undefined
    /** Milliseconds since 1970 when its phases had ended. */
    phasesEnd: number
  }
  interface FastifyContextConfig {
    counts?: RouteCounts
  }
}

/** Statuses that say nothing about the request itself but about the service or the client. */
const refusals = new Set([401, 403, 408, 413, 429, 503, 504, 507])

/** Counts requests by route. What is counted here is shown by GET /metrics. */
export const metrics = fastifyPlugin(
  async (app, { requests = new RequestCounts() }: { readonly requests?: RequestCounts }) => {
    const others = requests.of('other')
    app.decorate('requestCounts', requests)
    app.decorateRequest('phases', undefined)
    app.decorateRequest('phasesEnd', 0)
    app.addHook('onRoute', (route) => {
      const { operationId } = (route.schema ?? {}) as { operationId?: string }
      if (operationId !== undefined) route.config = { ...route.config, counts: requests.of(operationId) }
    })
    app.addHook('onRequest', (_request, reply, done) => {
      requests.inFlight++
      reply.raw.once('close', () => {
        requests.inFlight--
      })
      done()
    })
    app.addHook('onResponse', (request, reply, done) => {
      const counts = request.routeOptions.config?.counts ?? others
      counts.count(reply.statusCode, reply.elapsedTime, request.phases)
      if (request.errorCode !== undefined && refusals.has(reply.statusCode)) requests.refuse(request.errorCode)
      done()
    })
  },
  { name: 'metrics' }
)
