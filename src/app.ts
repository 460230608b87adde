import { type IncomingMessage, maxHeaderSize } from 'node:http'
import Fastify, { type FastifyInstance, LogController } from 'fastify'
import type { DestinationStream } from 'pino'
import { readCertificate } from './access/certificate.ts'
import type { Config } from './config.ts'
import { access } from './plugins/access.ts'
import { admission } from './plugins/admission.ts'
import { answerClientError } from './plugins/client-error.ts'
import { cors } from './plugins/cors.ts'
import { documentation } from './plugins/documentation.ts'
import { drain } from './plugins/drain.ts'
import { engine } from './plugins/engine.ts'
import { metrics } from './plugins/metrics.ts'
import { modelStatistics } from './plugins/model-statistics.ts'
import { answerFrameworkError, problems } from './plugins/problems.ts'
import { rateLimit } from './plugins/rate-limit.ts'
import { requestId, requestLog } from './plugins/request-log.ts'
import { schemas } from './plugins/schemas.ts'
import { securityHeaders } from './plugins/security-headers.ts'
import { sequences } from './plugins/sequences.ts'
import { tlsRenewal } from './plugins/tls-renewal.ts'
import { tracing } from './plugins/tracing.ts'
import { requestExamples } from './routes/examples.ts'
import { healthRoutes } from './routes/health.ts'
import { inferenceRoutes } from './routes/inference.ts'
import { metricsRoutes } from './routes/metrics.ts'
import { parameterRoutes } from './routes/parameters.ts'
import { v2Routes } from './routes/v2/routes.ts'

/**
 * The whole service without a socket: production and tests build the same one.
 * @param log where the log goes, standard output if left out
 * @throws Error in words for a person when a file or folder that the settings name cannot be used
 */
export async function buildApp(config: Config, log?: DestinationStream): Promise<FastifyInstance> {
  const certificate = readCertificate(config)
  const connections = {
    headersTimeout: config.headersTimeoutMs,
    // how often both time-outs are looked after
    connectionsCheckingInterval: 1000
  }
  const options = {
    logger: { level: config.logLevel, ...(log && { stream: log }) },
    // one line for each request comes from the request-log plugin
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
  await app.register(metrics)
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
  await app.register(documentation, { requestExamples, keys: config.apiKeysFile !== '' })
  await app.register(engine, config)
  await app.register(modelStatistics)
  await app.register(sequences, config)
  await app.register(admission)
  await app.register(healthRoutes)
  await app.register(metricsRoutes)
  await app.register(inferenceRoutes, config)
  await app.register(parameterRoutes, config)
  await app.register(v2Routes, config)
  return app
}
