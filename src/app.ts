import { maxHeaderSize } from 'node:http'
import Fastify, { type FastifyInstance, LogController } from 'fastify'
import type { DestinationStream } from 'pino'
import type { Config } from './config.ts'
import { documentation } from './plugins/documentation.ts'
import { drain } from './plugins/drain.ts'
import { engine } from './plugins/engine.ts'
import { problems } from './plugins/problems.ts'
import { requestId, requestLog } from './plugins/request-log.ts'
import { schemas } from './plugins/schemas.ts'
import { requestExamples } from './routes/examples.ts'
import { healthRoutes } from './routes/health.ts'
import { inferenceRoutes } from './routes/inference.ts'
import { parameterRoutes } from './routes/parameters.ts'

/**
 * The whole service without a socket: production and tests build the same one.
 * @param log where the log goes, standard output if left out
 */
export async function buildApp(config: Config, log?: DestinationStream): Promise<FastifyInstance> {
  const app = Fastify({
    logger: { level: config.logLevel, ...(log && { stream: log }) },
    // one line for each request comes from the request-log plugin
    logController: new LogController({ disableRequestLogging: true }),
    requestTimeout: config.requestTimeoutMs,
    genReqId: (request) => requestId(request.headers['x-request-id']),
    // a name that is too long is told so, rather than that there is no such path
    routerOptions: { maxParamLength: maxHeaderSize }
  })
  await app.register(requestLog)
  await app.register(problems)
  await app.register(drain)
  await app.register(schemas)
  await app.register(documentation, { requestExamples })
  await app.register(engine, config)
  await app.register(healthRoutes)
  await app.register(inferenceRoutes, config)
  await app.register(parameterRoutes, config)
  return app
}
