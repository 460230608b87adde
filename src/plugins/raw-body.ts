import type { FastifyInstance } from 'fastify'

/**
 * Takes bodies as they are: bytes for a worker, neither parsed nor copied here. Replaces every parser of the scope.
 * @param contentTypes what is taken; '' stands for a body without a Content-Type
 */
export function takeRawBodies(app: FastifyInstance, contentTypes: readonly string[]): void {
  app.removeAllContentTypeParsers()
  for (const contentType of contentTypes) {
    app.addContentTypeParser(contentType, { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  }
}

/**
 * The body's bytes in a buffer of their own, ready to be moved to another thread. A large body has one already;
 * a small one lies in a pool that Node shares between buffers.
 */
export function movable(body: unknown): Uint8Array<ArrayBuffer> {
  if (!Buffer.isBuffer(body)) return new Uint8Array()
  return body.byteLength === body.buffer.byteLength ? (body as Buffer<ArrayBuffer>) : new Uint8Array(body)
}
