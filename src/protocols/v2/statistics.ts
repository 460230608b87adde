import type { ModelStatisticsList } from '../../../schemas/index.ts'
import type { Duration, ModelStatistics } from '../../metrics/model-statistics.ts'

const NS = 1e6
const NONE = { count: 0, ns: 0 }

/** Statistics as the protocol writes them. There is no cache of answers. */
export function statisticsEntry(
  name: string,
  version: string,
  statistics: ModelStatistics
): ModelStatisticsList['model_stats'][number] {
  const { inferenceCount, executionCount, batches } = statistics
  return {
    name,
    version,
    last_inference: statistics.lastInference,
    inference_count: inferenceCount,
    execution_count: inferenceCount === 0 ? 0 : Math.max(1, Math.round(executionCount)),
    inference_stats: {
      success: duration(statistics.success),
      fail: duration(statistics.fail),
      queue: duration(statistics.queue),
      compute_input: duration(statistics.computeInput),
      compute_infer: duration(statistics.computeInfer),
      compute_output: duration(statistics.computeOutput),
      cache_hit: NONE,
      cache_miss: NONE
    },
    batch_stats: [...batches]
      .sort(([a], [b]) => a - b)
      .map(([batch_size, { computeInput, computeInfer, computeOutput }]) => ({
        batch_size,
        compute_input: duration(computeInput),
        compute_infer: duration(computeInfer),
        compute_output: duration(computeOutput)
      }))
  }
}

function duration({ count, ms }: Duration): { count: number; ns: number } {
  return { count, ns: Math.round(ms * NS) }
}
