import fastifyPlugin from 'fastify-plugin'
import { readTraceparent, type TraceContext, writeTraceparent } from '../tracing/trace-context.ts'
import { type RequestSpan, startTracer, type Tracer, tracesWanted } from '../tracing/tracer.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The trace that the request belongs to: the client's, or one of our own where traces are exported. */
    trace: TraceContext | undefined
    span: RequestSpan | undefined
  }
}

/**
 * Carries the client's `traceparent` through to the log and the answer; with the standard OTEL_… variables, makes a
 * span of each request and of the phases of its inference.
 */
export const tracing = fastifyPlugin(
  async (app) => {
    app.decorateRequest('trace', undefined)
    app.decorateRequest('span', undefined)
    const tracer = tracesWanted(process.env) ? await tracerOrWarning() : undefined
    app.addHook('onRequest', (request, reply, done) => {
      const header = request.headers.traceparent
      if (header === undefined && tracer === undefined) return done()
      const parent = readTraceparent(header)
      request.span = tracer?.start(parent)
      request.trace = request.span?.context ?? parent
      if (request.trace !== undefined) reply.header('traceparent', writeTraceparent(request.trace))
      done()
    })
    if (tracer === undefined) return
    app.addHook('onResponse', (request, reply, done) => {
      request.span?.end({
        method: request.method,
        route: request.routeOptions.url,
        status: reply.statusCode,
        requestId: request.id,
        phases: request.phases,
        phasesEnd: request.phasesEnd
      })
      done()
    })
    app.addHook('onClose', () => tracer.close().catch((err) => app.log.warn({ err }, 'the last traces were not sent')))

    async function tracerOrWarning(): Promise<Tracer | undefined> {
      try {
        return await startTracer()
      } catch (err) {
        app.log.warn({ err }, 'OTEL_… variables are set, but the optional @opentelemetry packages cannot be loaded')
        return undefined
      }
    }
  },
  { name: 'tracing', dependencies: ['metrics'] }
)
