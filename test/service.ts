import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { buildApp } from '../src/app.ts'
import { type Config, loadConfig } from '../src/config.ts'
import { objections } from './api-document.ts'
import { example } from './fixtures.ts'

/** The service as production builds it, without a socket, for one test. */

interface Ask {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH'
  readonly url: string
  /** An object is sent as JSON. */
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

export interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly bytes: Buffer
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers that the API document has already checked
  readonly json: any
}

export interface Service {
  readonly app: FastifyInstance
  /** Sends a request and holds the answer against openapi.yaml. */
  ask(request: Ask): Promise<Answer>
  /** PUTs the weights of a demo set. */
  load(name: 'digits' | 'words'): Promise<void>
}

export async function startService(t: Test, overrides: Partial<Config> = {}): Promise<Service> {
  const defaults = loadConfig(
    {
      LSTM_LOG_LEVEL: 'silent',
      LSTM_WORKERS: '2',
      // what is asked without a connection is answered by the main thread; test/fronts has the others
      LSTM_HTTP_THREADS: '1',
      // nothing is refused for the time that it takes: the machine may be busy
      LSTM_MAX_WAIT_MS: '0'
    },
    []
  )
  const app = await buildApp({ ...defaults, ...overrides })
  t.teardown(() => app.close())

  async function ask({ method = 'POST', url, body, headers = {} }: Ask): Promise<Answer> {
    const payload =
      body instanceof Uint8Array ? Buffer.from(body) : typeof body === 'string' ? body : JSON.stringify(body)
    const response = await app.inject({
      method,
      url,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { payload })
    })
    const { statusCode: status, rawPayload: bytes } = response
    const type = response.headers['content-type'] as string | undefined
    const wrong = objections(method, url, status, type, bytes)
    if (wrong.length > 0) t.fail(`${method} ${url.slice(0, 80)} ${status} is not as documented`, { wrong })
    return {
      status,
      headers: response.headers as Record<string, string>,
      bytes,
      json: type?.includes('json') && bytes.length > 0 ? JSON.parse(bytes.toString('utf8')) : undefined
    }
  }

  return {
    app,
    ask,
    async load(name) {
      const body = example(`${name}/parameters.npz`)
      const { status } = await ask({
        method: 'PUT',
        url: `/parameters/${name}`,
        body,
        headers: { 'content-type': 'application/x-npz' }
      })
      t.equal(status, 201)
    }
  }
}
