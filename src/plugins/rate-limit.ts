import fastifyRateLimit from '@fastify/rate-limit'
import fastifyPlugin from 'fastify-plugin'
import type { Config } from '../config.ts'
import { LstmError } from '../errors.ts'

const WINDOW_MS = 60_000

/** With LSTM_RATE_LIMIT, so many requests a minute and no more, of each key or, without keys, of each address. */
export const rateLimit = fastifyPlugin(
  async (app, { rateLimit: max }: Config) => {
    if (max === 0) return
    await app.register(fastifyRateLimit, {
      max,
      timeWindow: WINDOW_MS,
      keyGenerator: ({ client, ip }) => client?.id ?? ip,
      // what has no scope is for probes and browsers
      allowList: ({ routeOptions }) => routeOptions.config?.scopes === undefined,
      errorResponseBuilder: (_request, { ttl }) => new LstmError('LSTM_ERR_RATE_LIMITED', [max, Math.ceil(ttl / 1000)])
    })
  },
  { name: 'rate-limit', dependencies: ['access'] }
)
