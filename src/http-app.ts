import { type IncomingMessage, maxHeaderSize } from 'node:http'
import Fastify, { type FastifyInstance, LogController } from 'fastify'
import type { DestinationStream } from 'pino'
import { readCertificate } from './access/certificate.ts'
import type { Config } from './config.ts'
import type { RequestCounts } from './metrics/request-counts.ts'
import { access } from './plugins/access.ts'
import { answerClientError } from './plugins/client-error.ts'
import { cors } from './plugins/cors.ts'
import { drain } from './plugins/drain.ts'
import { metrics } from './plugins/metrics.ts'
import { answerFrameworkError, problems } from './plugins/problems.ts'
import { rateLimit } from './plugins/rate-limit.ts'
import { requestId, requestLog } from './plugins/request-log.ts'
import { schemas } from './plugins/schemas.ts'
import { securityHeaders } from './plugins/security-headers.ts'
import { tlsRenewal } from './plugins/tls-renewal.ts'
import { tracing } from './plugins/tracing.ts'
import { childLoggerFactory } from './request-logger.ts'

export interface HttpAppOptions {
  /** Where the log goes, standard output if left out. */
  readonly log?: DestinationStream | undefined
  /** Where requests are counted, if another thread is to read it. */
  readonly requests?: RequestCounts
}

/** What all threads that take requests have in common: all but the pool and the routes. */
export async function buildHttpApp(config: Config, { log, requests }: HttpAppOptions): Promise<FastifyInstance> {
  const certificate = readCertificate(config)
  const connections = {
    headersTimeout: config.headersTimeoutMs,
    // how often both time-outs are looked after
    connectionsCheckingInterval: 1000
  }
  const options = {
    logger: { level: config.logLevel, ...(log && { stream: log }) },
    // one line for each request comes from the request-log plugin
    childLoggerFactory,
    logController: new LogController({ disableRequestLogging: true }),
    requestTimeout: config.requestTimeoutMs,
    // a request that still comes over an open connection while the server closes is answered like any other
    return503OnClosing: false,
    clientErrorHandler: answerClientError,
    frameworkErrors: answerFrameworkError,
    genReqId: (request: IncomingMessage) => requestId(request.headers['x-request-id']),
    // a name that is too long is told so, rather than that there is no such path
    routerOptions: { maxParamLength: maxHeaderSize },
    trustProxy: config.trustProxy === '' ? false : config.trustProxy
  }
  const app =
    certificate === undefined
      ? Fastify({ ...options, http: connections })
      : (Fastify({ ...options, https: { ...certificate, ...connections } }) as unknown as FastifyInstance)
  await app.register(metrics, { ...(requests && { requests }) })
  await app.register(requestLog)
  await app.register(tracing)
  await app.register(problems)
  await app.register(securityHeaders, config)
  await app.register(cors, config)
  await app.register(access, config)
  await app.register(rateLimit, config)
  await app.register(tlsRenewal, config)
  await app.register(drain)
  await app.register(schemas)
  return app
}
