import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Pool } from '../engine/pool.ts'
import { rowBounds } from '../engine/row-counts.ts'
import type { ParameterStore } from '../parameters/store.ts'
import type { SequenceTable } from '../sequences/table.ts'
import { version } from '../version.ts'
import { addHistogram, addMetric } from './exposition.ts'
import { phaseNames } from './phases.ts'
import type { RequestCounts } from './request-counts.ts'

/** The sets that have a line of their own, the largest ones; the others share one. */
const SETS_BY_NAME = 100

/** What is known of the threads that take requests. */
export interface HttpThreads {
  /** Those that are there. */
  readonly threads: number
  readonly restarts: { readonly count: number }
  /** What all of them have counted together. */
  readonly requests: RequestCounts
}

/** All metrics of a service, in a registry of its own. docs/operations.md says what each is for. */
export function createRegistry(
  http: HttpThreads,
  pool: Pool,
  store: ParameterStore,
  sequences: SequenceTable
): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  addRequestMetrics(registry, http)
  addEngineMetrics(registry, pool)
  addStoreMetrics(registry, store)
  addSequenceMetrics(registry, sequences)
  addMetric(registry, 'gauge', 'lstm_build_info', 'Always 1; what runs.', () => [
    [{ version, node: process.version, kernel: pool.kernel }, 1]
  ])
  return registry
}

function addRequestMetrics(registry: Registry, http: HttpThreads): void {
  addMetric(registry, 'gauge', 'lstm_http_threads', 'Threads that take requests.', () => [[{}, http.threads]])
  addMetric(
    registry,
    'counter',
    'lstm_http_thread_restarts_total',
    'Such threads that ended and were replaced.',
    () => [[{}, http.restarts.count]]
  )
  addMetric(registry, 'counter', 'lstm_requests_total', 'Requests answered, by route and status.', () =>
    [...http.requests.routes].flatMap(([route, { statuses }]) =>
      statuses.map(([status, count]) => [{ route, status: String(status) }, count] as const)
    )
  )
  addMetric(registry, 'counter', 'lstm_refused_total', 'Requests refused for what the service is, by code.', () =>
    http.requests.refused.map(([code, count]) => [{ code }, count] as const)
  )
  addMetric(registry, 'gauge', 'lstm_requests_in_flight', 'Requests that have come and are not answered yet.', () => [
    [{}, http.requests.inFlight]
  ])
  addHistogram(registry, 'lstm_request_seconds', 'From the head of a request to the end of its answer.', () =>
    [...http.requests.routes].map(([route, { total }]) => [{ route }, total] as const)
  )
  for (const phase of phaseNames) {
    addHistogram(registry, `lstm_${phase}_seconds`, `The part of an inference that was ${phase}.`, () =>
      [...http.requests.routes]
        .filter(([, { timed }]) => timed)
        .map(([route, { phases }]) => [{ route }, phases[phase]] as const)
    )
  }
}

function addEngineMetrics(registry: Registry, pool: Pool): void {
  addMetric(registry, 'gauge', 'lstm_operations_pending', 'Operations that workers have and have not answered.', () => [
    [{}, pool.pending]
  ])
  addMetric(registry, 'gauge', 'lstm_workers', 'Workers that take operations.', () => [[{}, pool.workers]])
  addMetric(registry, 'counter', 'lstm_worker_restarts_total', 'Workers that ended and were replaced.', () => [
    [{}, pool.restarts.count]
  ])
  addMetric(registry, 'gauge', 'lstm_worker_busy_ratio', 'Share of the time since the last scrape with work.', () =>
    pool.busyRatios().map(({ slot, ratio }) => [{ worker: String(slot) }, ratio] as const)
  )
  addHistogram(registry, 'lstm_tick_rows', 'Rows that a call of the kernel moved together.', () =>
    pool.rowCounts.map(
      ({ counts, sum }, slot) => [{ worker: String(slot) }, { bounds: rowBounds, counts, sum }] as const
    )
  )
}

function addStoreMetrics(registry: Registry, store: ParameterStore): void {
  addMetric(registry, 'gauge', 'lstm_parameter_sets', 'Parameter sets in memory.', () => [[{}, store.size]])
  addMetric(registry, 'gauge', 'lstm_parameter_sets_not_loaded', 'Files of the folder that gave no set.', () => [
    [{}, store.notLoaded.length]
  ])
  addMetric(registry, 'gauge', 'lstm_parameter_set_bytes', 'Bytes of the weights in memory, by set.', () => {
    const sets = store.list().sort((a, b) => b.set.bytes - a.set.bytes)
    const named = sets.slice(0, SETS_BY_NAME).map(({ name, set }) => [{ name }, set.bytes] as const)
    if (sets.length <= SETS_BY_NAME) return named
    const others = sets.slice(SETS_BY_NAME).reduce((sum, { set }) => sum + set.bytes, 0)
    return [...named, [{ name: '(others)' }, others] as const] // no set has such a name
  })
}

function addSequenceMetrics(registry: Registry, sequences: SequenceTable): void {
  addMetric(registry, 'gauge', 'lstm_sequences', 'Sequences that are running.', () => [[{}, sequences.size]])
  addMetric(registry, 'gauge', 'lstm_sequence_bytes', 'Bytes of the states of all sequences.', () => [
    [{}, sequences.bytes]
  ])
  addMetric(registry, 'counter', 'lstm_sequences_expired_total', 'Sequences that had no request for too long.', () => [
    [{}, sequences.expired]
  ])
  addMetric(
    registry,
    'counter',
    'lstm_sequences_refused_total',
    'Requests refused for want of room for a state.',
    () => [[{}, sequences.refused]]
  )
}
