import { errorCodes, type FastifyInstance } from 'fastify'

/** Takes bodies of these types as they are: bytes for a worker, neither parsed nor copied here. */
export function takeRawBodies(app: FastifyInstance, contentTypes: readonly string[]): void {
  app.removeAllContentTypeParsers()
  for (const contentType of contentTypes) {
    app.addContentTypeParser(contentType, { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  }
}

/** Takes bodies without a Content-Type too, where the content says what it is. */
export function takeUntypedBodies(app: FastifyInstance): void {
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    const contentType = request.headers['content-type']
    if (contentType === undefined) done(null, body)
    else done(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE(contentType))
  })
}

/**
 * The body's bytes in a buffer of their own, ready to be moved to another thread. A large body has one already;
 * a small one lies in a pool that Node shares between buffers.
 */
export function movable(body: unknown): Uint8Array<ArrayBuffer> {
  if (!Buffer.isBuffer(body)) return new Uint8Array()
  return body.byteLength === body.buffer.byteLength ? (body as Buffer<ArrayBuffer>) : new Uint8Array(body)
}
