import type { FastifyContextConfig, FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { InferenceError, Problem } from '../../schemas/index.ts'
import { type ErrorCode, LstmError } from '../errors.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Content types that the route takes, for the message of a 415. */
    readonly accepts?: readonly string[]
    /** The setting that bounds the route's body, for the message of a 413. */
    readonly bodyLimitSetting?: string
  }
  interface FastifyRequest {
    /** The code of the problem that was its answer. */
    errorCode: ErrorCode | undefined
  }
}

/** Paths of the Open Inference Protocol. */
const V2 = /^\/v2(?:[/?]|$)/

/**
 * The one place where errors become replies: application/problem+json (RFC 9457), and under /v2 the same fields beside
 * the text that the Open Inference Protocol has for them.
 */
export const problems = fastifyPlugin(
  async (app) => {
    app.decorateRequest('errorCode', undefined)
    const routes: { method: string; pattern: RegExp }[] = []
    app.addHook('onRoute', ({ method, url }) => {
      const pattern = new RegExp(`^${url.replaceAll('.', '\\.').replaceAll('*', '.*').replace(/:\w+/g, '[^/]+')}/?$`)
      for (const each of [method].flat()) routes.push({ method: each, pattern })
    })

    app.setErrorHandler((error: FastifyError, request, reply) => {
      // Fastify looks at the content type before it finds that nobody would have read the body
      if (request.is404 && !(error instanceof LstmError) && error.statusCode! < 500) return notFound(request, reply)
      const known = asLstmError(error, request)
      if (known.status >= 500 && !(error instanceof LstmError)) request.log.error({ err: error }, 'request failed')
      return sendProblem(reply, request, known)
    })

    app.setNotFoundHandler(notFound)

    function notFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
      const path = request.url.split('?')[0]
      const allowed = [...new Set(routes.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method))]
      if (allowed.length === 0) {
        return sendProblem(reply, request, new LstmError('LSTM_ERR_NOT_FOUND', [request.method, path]))
      }
      void reply.header('allow', allowed.join(', '))
      return sendProblem(
        reply,
        request,
        new LstmError('LSTM_ERR_METHOD_NOT_ALLOWED', [request.method, path, allowed.join(', ')])
      )
    }
  },
  { name: 'problems' }
)

function asLstmError(error: FastifyError, request: FastifyRequest): LstmError {
  if (error instanceof LstmError) return error
  const { bodyLimit } = request.routeOptions
  const config: FastifyContextConfig | undefined = request.routeOptions.config
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new LstmError('LSTM_ERR_BODY_TOO_LARGE', [bodyLimit, config?.bodyLimitSetting ?? 'the route'])
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new LstmError('LSTM_ERR_UNSUPPORTED_MEDIA_TYPE', [
        request.headers['content-type'] ?? '',
        config?.accepts?.join(', ') ?? 'none'
      ])
    default:
      return error.statusCode !== undefined && error.statusCode < 500
        ? new LstmError('LSTM_ERR_INVALID_REQUEST', [error.message])
        : new LstmError('LSTM_ERR_INTERNAL', [])
  }
}

function sendProblem(reply: FastifyReply, request: FastifyRequest, error: LstmError): FastifyReply {
  request.errorCode = error.code
  if (error.status === 429 && !reply.hasHeader('retry-after')) {
    void reply.header('retry-after', String(request.server.pool.admission.secondsToIdle))
  }
  if (error.status === 401) void reply.header('www-authenticate', 'Bearer realm="lstm-serve"')
  reply.code(error.status)
  if (!V2.test(request.url)) return reply.type('application/problem+json').send(problem(error, request.id))
  // a serializer of its own keeps Fastify from adding a charset, behind which KServe's client finds no text to show
  return reply.type('application/json').serializer(JSON.stringify).send(inferenceError(error, request.id))
}

/** Of what Fastify refuses before it has found a route: a path that cannot be decoded. */
export function answerFrameworkError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  sendProblem(reply, request, new LstmError('LSTM_ERR_INVALID_REQUEST', [error.message]))
}

/** An error as the Open Inference Protocol has it. */
export function inferenceError(error: LstmError, requestId: string): InferenceError {
  return { error: error.message, ...problem(error, requestId) }
}

/** The body of an answer. */
export function problem({ status, title, message, code, issues }: LstmError, requestId: string): Problem {
  return {
    type: `urn:lstm-serve:problem:${code}`,
    title,
    status,
    detail: message,
    code,
    request_id: requestId,
    ...(issues.length > 0 ? { errors: [...issues] } : {})
  }
}
