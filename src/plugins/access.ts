import type { FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { type Client, KeyFile, type Scope } from '../access/key-file.ts'
import { onChange } from '../access/watched-file.ts'
import type { Config } from '../config.ts'
import { LstmError } from '../errors.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A key needs one of these; a route without any is open to all. */
    readonly scopes?: readonly Scope[]
  }
  interface FastifyRequest {
    /** Whose key came with the request, where keys are on. */
    client: Client | undefined
  }
}

/** The names of the ways to send a key, as the API document has them. */
export const keySchemes = {
  bearer: { type: 'http', scheme: 'bearer', description: 'Authorization: Bearer KEY' },
  apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' }
} as const

/**
 * With LSTM_API_KEYS_FILE, nobody uses a route that has scopes without a key of one of them. Refused before the body
 * is read. The file is read again when it changes; one that is wrong is told to the log, and the keys stay as they were.
 */
export const access = fastifyPlugin(
  async (app, { apiKeysFile }: Config) => {
    app.decorateRequest('client', undefined)
    if (apiKeysFile === '') return

    let keys = readKeys(apiKeysFile)
    const endWatch = onChange(apiKeysFile, () => {
      try {
        keys = readKeys(apiKeysFile)
        app.log.info({ keys: keys.size }, 'API keys read again')
      } catch (error) {
        app.log.error({ reason: (error as Error).message }, 'API keys not read again: the ones before stay')
      }
    })
    app.addHook('onClose', async () => endWatch())

    app.addHook('onRoute', ({ config, schema }) => {
      if (config?.scopes !== undefined && schema !== undefined) {
        schema.security = Object.keys(keySchemes).map((name) => ({ [name]: [] }))
      }
    })

    app.addHook('onRequest', (request, _reply, done) => {
      const needed = request.routeOptions.config?.scopes
      if (needed === undefined) return done()
      const key = shownKey(request)
      const client = key === undefined ? undefined : keys.find(key)
      if (client === undefined) {
        const reason = key === undefined ? 'no API key came with the request' : 'the API key is not known'
        return done(new LstmError('LSTM_ERR_UNAUTHORIZED', [reason]))
      }
      request.client = client
      if (needed.some((scope) => client.scopes.has(scope))) return done()
      done(new LstmError('LSTM_ERR_FORBIDDEN', [client.id, [...client.scopes].join(', '), needed.join(' or ')]))
    })
  },
  { name: 'access' }
)

function readKeys(path: string): KeyFile {
  try {
    return KeyFile.read(path)
  } catch (error) {
    throw new Error(`LSTM_API_KEYS_FILE ${path}: ${(error as Error).message}`)
  }
}

function shownKey({ headers }: FastifyRequest): string | undefined {
  const { authorization } = headers
  if (authorization !== undefined) return /^Bearer +(\S+) *$/i.exec(authorization)?.[1]
  const key = headers['x-api-key']
  return typeof key === 'string' ? key : undefined
}
