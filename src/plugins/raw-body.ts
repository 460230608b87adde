import type { Readable } from 'node:stream'
import { errorCodes, type FastifyInstance, type FastifyRequest } from 'fastify'
import { type Body, joinInto } from '../engine/body.ts'
import { countDropped } from '../engine/garbage.ts'
import { decodedBody } from './content-encoding.ts'

/** Above this a body of declared length is put together as it comes: its pieces are not kept until the last is there. */
const LARGE_BYTES = 1024 * 1024

type Done = (error: Error | null, body?: Body) => void

/** Takes bodies of these types as they arrive: pieces for a worker, neither parsed nor joined here. */
export function takeRawBodies(app: FastifyInstance, contentTypes: readonly string[]): void {
  app.removeAllContentTypeParsers()
  for (const contentType of contentTypes) app.addContentTypeParser(contentType, takePieces)
}

/** Takes bodies without a Content-Type too, where the content says what it is. */
export function takeUntypedBodies(app: FastifyInstance): void {
  app.addContentTypeParser('*', (request, payload, done) => {
    const contentType = request.headers['content-type']
    if (contentType === undefined) takePieces(request, payload, done)
    else done(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE(contentType))
  })
}

/** Takes bodies of any type and of none, compressed ones too, where the protocol lets clients say what they like. */
export function takeAllBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (request, payload, done) => {
    try {
      takePieces(request, decodedBody(request, payload), done)
    } catch (error) {
      done(error as Error)
    }
  })
}

/** The body of a request that was taken by the parsers above; none is no pieces. */
export function bodyOf(request: FastifyRequest): Body {
  return (request.body as Body | undefined | null) ?? []
}

/** The pieces as the socket gave them, up to the limit of the route. An error makes Fastify close the connection. */
function takePieces(request: FastifyRequest, payload: Readable, done: Done): void {
  const limit = request.routeOptions.bodyLimit
  const sent = Number(request.headers['content-length'])
  const stop = (error: Error): void => {
    // what nobody listens to would be inflated to its end
    if (payload !== request.raw) payload.destroy()
    done(error)
  }
  if (sent > limit) {
    stop(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE())
    return
  }
  // what a compressed body inflates to is not declared
  const declared = payload === request.raw ? sent : Number.NaN
  const { admission } = request.server.pool
  const pieces: Uint8Array[] = []
  let whole: Uint8Array | undefined
  let length = 0
  let over = false
  const end = (error: Error | null): void => {
    if (over) return
    over = true
    admission.arrivingBytes -= length
    payload.removeListener('data', take)
    if (error === null) done(null, whole === undefined ? pieces : [whole])
    else stop(error)
  }
  const take = (piece: Buffer): void => {
    try {
      admission.check(piece.length)
    } catch (error) {
      end(error as Error)
      return
    }
    countDropped(piece.length)
    length += piece.length
    admission.arrivingBytes += piece.length
    if (length > limit) end(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE())
    else if (whole === undefined) {
      pieces.push(piece)
      // once that much is really there: to declare a large body costs its sender nothing
      if (length > LARGE_BYTES && declared >= length) {
        whole = new Uint8Array(declared)
        joinInto(pieces.splice(0), whole)
      }
    } else {
      whole.set(piece, length - piece.length)
    }
  }
  payload.on('data', take)
  payload.on('end', () => end(null))
  payload.on('close', () => {
    if (!over) end(new Error('the body ended too early'))
  })
  payload.on('error', (error: Error) => end(Object.assign(error, { statusCode: 400 })))
}
