import { type ErrorCode, errorCatalogue } from '../errors.ts'
import { type Phases, phaseNames } from './phases.ts'
import { exponentialBounds, Tally } from './tally.ts'

/** 0.1 ms to 105 s, each bound twice the one before. */
const seconds = exponentialBounds(0.0001, 2, 21)
const TALLY = Tally.width(seconds)
const STATUSES = 600

/** What is counted of one route, in memory that another thread may read. */
export class RouteCounts {
  readonly memory: SharedArrayBuffer
  readonly #values: Float64Array
  readonly total: Tally
  readonly phases: Readonly<Record<(typeof phaseNames)[number], Tally>>

  constructor(memory = new SharedArrayBuffer((STATUSES + 5 * TALLY) * Float64Array.BYTES_PER_ELEMENT)) {
    this.memory = memory
    this.#values = new Float64Array(memory)
    const tally = (i: number) =>
      new Tally(seconds, this.#values.subarray(STATUSES + i * TALLY, STATUSES + (i + 1) * TALLY))
    this.total = tally(0)
    this.phases = { decode: tally(1), queue: tally(2), compute: tally(3), encode: tally(4) }
  }

  /** Statuses that were answered, and how often. */
  get statuses(): [status: number, count: number][] {
    return [...this.#values.subarray(0, STATUSES).entries()].filter(([, count]) => count > 0)
  }

  /** Whether the route says where its time went. */
  get timed(): boolean {
    return this.phases.decode.counts.some((count) => count > 0)
  }

  count(status: number, ms: number, phases: Phases | undefined): void {
    this.#values[status]++
    this.total.observe(ms / 1000)
    if (phases === undefined) return
    for (const name of phaseNames) this.phases[name].observe(phases[name] / 1000)
  }

  add(other: RouteCounts): void {
    for (const [i, value] of other.#values.entries()) this.#values[i] += value
  }
}

const codes = errorCatalogue.map(({ code }) => code)

/** Memory of the counts of some routes, those that another thread is to read, and of what goes with them. */
export interface RequestCountsMemory {
  readonly routes: ReadonlyMap<string, SharedArrayBuffer>
  /** Refusals by the place of their code in the table of errors, then the requests in flight. */
  readonly others: SharedArrayBuffer
}

/** Requests by route, and those refused by code. Routes are those that were declared, so there are only so many. */
export class RequestCounts {
  readonly routes: Map<string, RouteCounts>
  readonly #others: Float64Array

  constructor({ routes, others } = RequestCounts.createMemory([])) {
    this.routes = new Map([...routes].map(([route, memory]) => [route, new RouteCounts(memory)]))
    this.#others = new Float64Array(others)
  }

  static createMemory(routes: readonly string[]): RequestCountsMemory {
    return {
      routes: new Map(routes.map((route) => [route, new RouteCounts().memory])),
      others: new SharedArrayBuffer((codes.length + 1) * Float64Array.BYTES_PER_ELEMENT)
    }
  }

  /** Of several threads together. */
  static sum(all: readonly RequestCounts[]): RequestCounts {
    const sum = new RequestCounts()
    for (const each of all) {
      for (const [route, counts] of each.routes) sum.of(route).add(counts)
      for (const [i, value] of each.#others.entries()) sum.#others[i] += value
    }
    return sum
  }

  /** @param route an operationId, or what stands for all routes without one */
  of(route: string): RouteCounts {
    let counts = this.routes.get(route)
    if (counts === undefined) {
      counts = new RouteCounts()
      this.routes.set(route, counts)
    }
    return counts
  }

  /** Requests that have come and not been answered. */
  get inFlight(): number {
    return this.#others[codes.length]
  }

  set inFlight(count: number) {
    this.#others[codes.length] = count
  }

  /** Codes that requests were refused with, and how often. */
  get refused(): [code: ErrorCode, count: number][] {
    return codes.flatMap((code, i) => (this.#others[i] > 0 ? [[code, this.#others[i]] as [ErrorCode, number]] : []))
  }

  refuse(code: ErrorCode): void {
    this.#others[codes.indexOf(code)]++
  }
}
