import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { startService } from '../service.ts'
import { randomSet } from '../tensors.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const spanId = '00f067aa0ba902b7'
const body = { parameters: randomSet(1, 1, 1, 1), xt: [[1]] }

interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: { readonly key: string; readonly value: object }[]
}

t.test("the client's trace comes back, and nothing where there is none", async (t) => {
  const { app } = await startService(t)
  const ask = (traceparent?: string) =>
    app.inject({ url: '/health/live', headers: traceparent === undefined ? {} : { traceparent } })
  t.equal((await ask(`00-${traceId}-${spanId}-01`)).headers.traceparent, `00-${traceId}-${spanId}-01`)
  t.notOk('traceparent' in (await ask()).headers)
  t.notOk('traceparent' in (await ask('nonsense')).headers)
})

t.test('with the standard variables every request is a span, and so are the phases of an inference', async (t) => {
  const spans: Span[] = []
  const resources: object[] = []
  const collector = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    t.equal(request.url, '/v1/traces')
    const { resourceSpans } = JSON.parse(text) as {
      resourceSpans: { resource: object; scopeSpans: { spans: Span[] }[] }[]
    }
    for (const { resource, scopeSpans } of resourceSpans) {
      resources.push(resource)
      for (const each of scopeSpans) spans.push(...each.spans)
    }
    response.setHeader('content-type', 'application/json').end('{}')
  })
  collector.listen(0, '127.0.0.1')
  await once(collector, 'listening')
  t.teardown(() => collector.close())
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`
  process.env.OTEL_RESOURCE_ATTRIBUTES = 'deployment.environment=test'
  t.teardown(() => {
    delete process.env.OTEL_EXPORTER_OTLP_ENDPOINT
    delete process.env.OTEL_RESOURCE_ATTRIBUTES
  })

  const { app, ask } = await startService(t)
  const answer = await ask({ url: '/cell', body, headers: { traceparent: `00-${traceId}-${spanId}-01` } })
  t.match(answer.headers.traceparent, new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`))
  t.notMatch(answer.headers.traceparent, spanId, 'a span of its own')
  const own = await ask({ method: 'GET', url: '/health/live' })
  t.match(own.headers.traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
  await app.inject('/nowhere')
  await app.close() // sends what is left

  const request = spans.find(({ name }) => name === 'POST /cell')!
  t.match(request, { traceId, parentSpanId: spanId, kind: 2, spanId: answer.headers.traceparent.split('-')[2] })
  t.match(JSON.stringify(request.attributes), answer.headers['x-request-id'])
  const phases = spans.filter(({ parentSpanId }) => parentSpanId === request.spanId)
  t.strictSame(phases.map(({ name }) => name).sort(), ['compute', 'decode', 'encode', 'queue'])
  for (const { startTimeUnixNano, endTimeUnixNano } of phases) {
    t.ok(BigInt(startTimeUnixNano) <= BigInt(endTimeUnixNano))
  }
  t.ok(spans.some(({ name }) => name === 'GET /health/live'))
  t.ok(
    spans.some(({ name }) => name === 'GET'),
    'a path that is not there is no name'
  )
  t.match(JSON.stringify(resources), /deployment\.environment.*"lstm-serve"/s)
})

t.test('the variables can also say that no traces are wanted', async (t) => {
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = 'http://127.0.0.1:9'
  process.env.OTEL_TRACES_EXPORTER = 'none'
  t.teardown(() => {
    delete process.env.OTEL_EXPORTER_OTLP_ENDPOINT
    delete process.env.OTEL_TRACES_EXPORTER
  })
  const { app } = await startService(t)
  t.notOk('traceparent' in (await app.inject('/health/live')).headers)
})
