import fastifyCors from '@fastify/cors'
import fastifyPlugin from 'fastify-plugin'
import type { Config } from '../config.ts'

/** Lets pages of the origins in LSTM_CORS_ORIGINS use the service, and of no others. */
export const cors = fastifyPlugin(
  async (app, { corsOrigins }: Config) => {
    if (corsOrigins === '') return
    const origins = corsOrigins.split(',').map((origin) => origin.trim())
    await app.register(fastifyCors, {
      origin: origins.includes('*') ? '*' : origins,
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
      exposedHeaders: ['etag', 'lstm-kernel', 'retry-after', 'server-timing', 'x-request-id'],
      maxAge: 600
    })
  },
  { name: 'cors' }
)
