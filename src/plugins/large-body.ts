import type { FastifyRequest } from 'fastify'
import type { Body } from '../engine/body.ts'
import { Intake } from '../engine/intake.ts'
import { type Collect, collectPieces, LARGE_BYTES } from './raw-body.ts'

/** After so many bytes the thread turns to others: what it takes to receive them, some 0.2 ms, is what these wait. */
const BURST_BYTES = 256 * 1024

/**
 * For the background thread, which gets a large body as it arrives, at most 256 KB in a millisecond: faster than most
 * networks, and slow enough that the HTTP thread is free for others most of the time.
 */
export const collectInBackground: Collect = (app, declared) => {
  const small = collectPieces(app, Number.NaN)
  let length = 0
  let intake: Intake | undefined
  let burst = 0
  return {
    add(piece) {
      length += piece.length
      if (intake === undefined) {
        small.add(piece)
        if (length <= LARGE_BYTES) return false
        // once that much is really there: to declare a large body costs its sender nothing
        intake = app.pool.background.intake(Number.isNaN(declared) ? undefined : declared)
        for (const each of small.body() as Body) intake.add(each)
        return true
      }
      intake.add(piece)
      burst += piece.length
      if (burst < BURST_BYTES) return false
      burst = 0
      return true
    },
    body: () => intake ?? small.body(),
    drop: () => intake?.drop()
  }
}

/** The body of a request that was taken so; `dropBody` is to be called when nobody needs it any more. */
export function largeBodyOf(request: FastifyRequest): Body | Intake {
  return (request.body as Body | Intake | undefined | null) ?? []
}

export function dropBody(body: Body | Intake): void {
  if (body instanceof Intake) body.drop()
}
