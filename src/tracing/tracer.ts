import type { Span } from '@opentelemetry/api'
import { type Phases, phaseNames } from '../metrics/phases.ts'
import { version } from '../version.ts'
import type { TraceContext } from './trace-context.ts'

/** What became of a request. */
interface Outcome {
  readonly method: string
  /** The route's pattern, undefined where there is none. */
  readonly route: string | undefined
  readonly status: number
  readonly requestId: string
  /** Where its time went, and milliseconds since 1970 when that had ended. */
  readonly phases: Phases | undefined
  readonly phasesEnd: number
}

export interface RequestSpan {
  readonly context: TraceContext
  end(outcome: Outcome): void
}

export interface Tracer {
  start(parent: TraceContext | undefined): RequestSpan
  /** Sends what has not been sent yet. */
  close(): Promise<void>
}

/** Whether the standard variables ask for traces. */
export function tracesWanted(env: NodeJS.ProcessEnv): boolean {
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === 'true' || env.OTEL_TRACES_EXPORTER === 'none') return false
  return Boolean(env.OTEL_EXPORTER_OTLP_ENDPOINT || env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT)
}

/**
 * Makes spans of requests and sends them over OTLP (HTTP with JSON). Loaded only when it is wanted; where to, which of
 * them and under which name is what the SDK reads from the OTEL_… variables.
 * @throws Error when the optional packages are not installed
 */
export async function startTracer(): Promise<Tracer> {
  const [{ SpanKind, SpanStatusCode, trace, ROOT_CONTEXT }, sdk, { OTLPTraceExporter }, resources] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources')
  ])
  const { defaultResource, detectResources, envDetector, resourceFromAttributes } = resources
  const provider = new sdk.BasicTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': 'lstm-serve', 'service.version': version }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new sdk.BatchSpanProcessor(new OTLPTraceExporter())]
  })
  const tracer = provider.getTracer('lstm-serve', version)

  /** A span for each phase, one after the other, the last of them ending where all had ended. */
  const tellPhases = (span: Span, phases: Phases, end: number): void => {
    const parent = trace.setSpan(ROOT_CONTEXT, span)
    let time = end - phaseNames.reduce((sum, name) => sum + phases[name], 0)
    for (const name of phaseNames) {
      const child = tracer.startSpan(name, { startTime: time }, parent)
      time += phases[name]
      child.end(time)
    }
  }

  return {
    start(parent) {
      const remote = parent && { ...parent, traceFlags: parent.flags, isRemote: true }
      const context = remote ? trace.setSpanContext(ROOT_CONTEXT, remote) : ROOT_CONTEXT
      const span = tracer.startSpan('request', { kind: SpanKind.SERVER }, context)
      const { traceId, spanId, traceFlags } = span.spanContext()
      return {
        context: { traceId, spanId, flags: traceFlags },
        end({ method, route, status, requestId, phases, phasesEnd }) {
          span.updateName(route === undefined ? method : `${method} ${route}`)
          span.setAttributes({
            'http.request.method': method,
            'http.response.status_code': status,
            'lstm.request_id': requestId,
            ...(route === undefined ? {} : { 'http.route': route })
          })
          if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
          if (phases !== undefined && span.isRecording()) tellPhases(span, phases, phasesEnd)
          span.end()
        }
      }
    },
    close: () => provider.shutdown()
  }
}
