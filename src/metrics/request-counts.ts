import { type Phases, phaseNames } from './phases.ts'
import { exponentialBounds, Tally } from './tally.ts'

/** 0.1 ms to 105 s, each bound twice the one before. */
const seconds = exponentialBounds(0.0001, 2, 21)

/** What is counted of one route. */
export class RouteCounts {
  readonly statuses = new Map<number, number>()
  readonly total = new Tally(seconds)
  readonly phases = {
    decode: new Tally(seconds),
    queue: new Tally(seconds),
    compute: new Tally(seconds),
    encode: new Tally(seconds)
  }
  /** Whether the route says where its time went. */
  timed = false

  count(status: number, ms: number, phases: Phases | undefined): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1)
    this.total.observe(ms / 1000)
    if (phases === undefined) return
    this.timed = true
    for (const name of phaseNames) this.phases[name].observe(phases[name] / 1000)
  }
}

/** Requests by route, and those refused by code. Routes are those that were declared, so there are only so many. */
export class RequestCounts {
  readonly routes = new Map<string, RouteCounts>()
  readonly refused = new Map<string, number>()
  /** Requests that have come and not been answered. */
  inFlight = 0

  /** @param route an operationId, or what stands for all routes without one */
  of(route: string): RouteCounts {
    let counts = this.routes.get(route)
    if (counts === undefined) {
      counts = new RouteCounts()
      this.routes.set(route, counts)
    }
    return counts
  }

  refuse(code: string): void {
    this.refused.set(code, (this.refused.get(code) ?? 0) + 1)
  }
}
