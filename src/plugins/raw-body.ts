import type { Readable } from 'node:stream'
import { errorCodes, type FastifyInstance, type FastifyRequest } from 'fastify'
import { type Body, joinInto } from '../engine/body.ts'
import { countDropped } from '../engine/garbage.ts'
import { Rooms } from '../engine/rooms.ts'
import { LstmError } from '../errors.ts'
import { decodedBody } from './content-encoding.ts'

/** Above this a body of declared length is put together as it comes: its pieces are not kept until the last is there. */
export const LARGE_BYTES = 1024 * 1024

/** As much as comes from a socket at once. */
const PIECE_BYTES = 64 * 1024

/** For bodies of several pieces that are not large. */
const rooms = new Rooms((bytes) => new ArrayBuffer(bytes))

/** Where the pieces of one body go as they arrive. */
export interface Collector<B> {
  /** @returns whether to rest before the next piece is taken, so that others get their turn */
  add(piece: Buffer): boolean
  /** All pieces have come. */
  body(): B
  /** No more will come, and nobody will ask for the body. */
  drop(): void
}

/** @param declared NaN where the length is not known beforehand */
export type Collect = (app: FastifyInstance, declared: number) => Collector<unknown>

type Done = (error: Error | null, body?: unknown) => void

/** Takes bodies of these types as they arrive, up to the limit of the route; neither parsed nor joined here. */
export function takeRawBodies(
  app: FastifyInstance,
  contentTypes: readonly string[],
  collect: Collect = collectPieces
): void {
  app.removeAllContentTypeParsers()
  for (const contentType of contentTypes) {
    app.addContentTypeParser(contentType, (request, payload, done) => take(request, payload, collect, done))
  }
}

/** Takes bodies without a Content-Type too, where the content says what it is. */
export function takeUntypedBodies(app: FastifyInstance, collect: Collect = collectPieces): void {
  app.addContentTypeParser('*', (request, payload, done) => {
    const contentType = request.headers['content-type']
    if (contentType === undefined) take(request, payload, collect, done)
    else done(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE(contentType))
  })
}

/** The common ones by their names, which Fastify finds without reading them apart at each request; and all others. */
const allTypes = ['application/octet-stream', 'application/json', '*']

/** Takes bodies of any type and of none, compressed ones too, where the protocol lets clients say what they like. */
export function takeAllBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(allTypes, (request, payload, done) => {
    try {
      take(request, decodedBody(request, payload), collectPieces, done)
    } catch (error) {
      done(error as Error)
    }
  })
}

/** The body of a request that was taken by the parsers above, as pieces; none is no pieces. */
export function bodyOf(request: FastifyRequest): Body {
  return (request.body as Body | undefined | null) ?? []
}

/** The inference has been answered that the body was for: nobody reads it any more. */
export function giveBackBody(request: FastifyRequest): void {
  const body = bodyOf(request)
  request.body = undefined
  if (body.length === 1) rooms.giveBack(body[0])
}

/** For a worker: the pieces as the socket gave them, or the whole where there are several of a length that was declared. */
export function collectPieces(_app: FastifyInstance, declared: number): Collector<Body> {
  const pieces: Uint8Array[] = []
  let whole: Uint8Array | undefined
  let length = 0
  return {
    add(piece) {
      countDropped(piece.length)
      length += piece.length
      if (whole === undefined) {
        pieces.push(piece)
        whole = length > PIECE_BYTES && declared >= length ? roomFor(declared, length) : undefined
        if (whole !== undefined) joinInto(pieces.splice(0), whole)
      } else {
        whole.set(piece, length - piece.length)
      }
      return false
    },
    body: () => (whole === undefined ? pieces : [whole]),
    drop() {}
  }
}

/** @param there how much of it has come: to declare a large body costs its sender nothing */
function roomFor(bytes: number, there: number): Uint8Array | undefined {
  return rooms.lend(bytes) ?? (there > LARGE_BYTES ? new Uint8Array(bytes) : undefined)
}

/** How long a rest is; timers have no finer grain. */
const REST_MS = 1

/** An error makes Fastify close the connection. */
function take(request: FastifyRequest, payload: Readable, collect: Collect, done: Done): void {
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
  const collector = collect(request.server, declared)
  let length = 0
  let over = false
  let rest: NodeJS.Timeout | undefined
  const end = (error: Error | null): void => {
    if (over) return
    over = true
    clearTimeout(rest)
    admission.arrivingBytes -= length
    payload.removeListener('data', takePiece)
    if (error === null) {
      done(null, collector.body())
      return
    }
    collector.drop()
    // the answer closes the connection: a client that is still sending would be broken off and never see it. Of a body
    // in chunks nobody knows when it ends
    const ends = request.headers['content-length'] !== undefined && payload === request.raw
    if (error instanceof LstmError && ends) discardRest(payload, limit - length, () => stop(error))
    else stop(error)
  }
  const takePiece = (piece: Buffer): void => {
    try {
      admission.checkBytes(piece.length)
    } catch (error) {
      end(error as Error)
      return
    }
    length += piece.length
    admission.arrivingBytes += piece.length
    if (length > limit) end(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE())
    else if (collector.add(piece)) {
      payload.pause()
      rest = setTimeout(() => payload.resume(), REST_MS)
    }
  }
  payload.on('data', takePiece)
  payload.on('end', () => end(null))
  payload.on('close', () => {
    if (!over) end(new Error('the body ended too early'))
  })
  payload.on('error', (error: Error) => end(Object.assign(error, { statusCode: 400 })))
}

/** Reads what is still to come of a body, up to so many bytes, and keeps nothing of it. */
function discardRest(payload: Readable, most: number, done: () => void): void {
  let left = most
  const end = (): void => {
    payload.removeListener('data', drop)
    payload.removeListener('end', end)
    payload.removeListener('close', end)
    done()
  }
  const drop = (piece: Buffer): void => {
    countDropped(piece.length)
    left -= piece.length
    if (left < 0) end()
  }
  payload.on('data', drop)
  payload.on('end', end)
  payload.on('close', end)
}
