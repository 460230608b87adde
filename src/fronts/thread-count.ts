import type { Config } from '../config.ts'
import { tracesWanted } from '../tracing/tracer.ts'
import { loadDescriptors } from './descriptors.ts'

/** Past this, one thread to accept connections and to answer all that is not short becomes the narrow place. */
const MOST_CHOSEN = 16

/**
 * As many as workers where the setting leaves it open: in a container that number says how many cores there really are.
 * @returns how many threads take requests, and why it is one where the setting says more
 */
export function httpThreadCount(config: Config): { readonly count: number; readonly reason?: string } {
  const wanted = config.httpThreads === 0 ? Math.min(MOST_CHOSEN, config.workers) : config.httpThreads
  const reason = wanted === 1 ? undefined : whyOne(config)
  return reason === undefined ? { count: wanted } : { count: 1, reason }
}

function whyOne({ tlsCertFile, rateLimit }: Config): string | undefined {
  if (tlsCertFile !== '') return 'TLS is on'
  if (rateLimit > 0) return 'LSTM_RATE_LIMIT is on, and one thread has to count'
  if (tracesWanted(process.env)) return 'traces are exported'
  if (loadDescriptors() === undefined) return 'the native binary is not there, `npm run native` builds it'
  return undefined
}
