import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { createGunzip, createInflate, deflate, gzip } from 'node:zlib'
import type { FastifyRequest } from 'fastify'
import { LstmError } from '../errors.ts'

/** Bodies that travel compressed, both ways; the work is done by the threads of libuv. */

const CHUNK_BYTES = 65_536

const decoders = { gzip: createGunzip, 'x-gzip': createGunzip, deflate: createInflate }

/**
 * The body as it was before its encoding. A damaged one makes the stream fail; who reads it has to bound what it
 * inflates to, and to destroy it when that is too much.
 * @throws LSTM_ERR_UNSUPPORTED_ENCODING
 */
export function decodedBody({ headers }: FastifyRequest, body: Readable): Readable {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  if (encoding === 'identity') return body
  if (!Object.hasOwn(decoders, encoding)) {
    throw new LstmError('LSTM_ERR_UNSUPPORTED_ENCODING', [encoding, Object.keys(decoders).join(', ')])
  }
  const decoder = decoders[encoding as keyof typeof decoders]({ chunkSize: CHUNK_BYTES })
  decoder.on('error', (error) => {
    error.message = `the body is not ${encoding}, as Content-Encoding says: ${error.message}`
  })
  body.on('error', (error) => decoder.destroy(error))
  body.on('close', () => {
    if (!body.readableEnded) decoder.destroy(new Error('the body ended too early'))
  })
  return body.pipe(decoder)
}

const encoders = { gzip: promisify(gzip), deflate: promisify(deflate) }

/**
 * The encoding that a client asks for. One that names several only says what it can read, as many do with every
 * request; raw floats hardly shrink, and the time that it takes is more than a local network needs for them.
 */
export function askedEncoding({ headers }: FastifyRequest): keyof typeof encoders | undefined {
  const header = headers['accept-encoding']
  if (header === undefined) return undefined
  const accepted = String(header).trim().toLowerCase()
  return Object.hasOwn(encoders, accepted) ? (accepted as keyof typeof encoders) : undefined
}

export async function encoded(bytes: Uint8Array, encoding: keyof typeof encoders): Promise<Uint8Array> {
  return encoders[encoding](bytes, { level: 1 })
}
