import { Job, type JobDescription, type RowSource } from '../../engine/job.ts'
import type { WorkerContext } from '../context.ts'

/** Where the rows of a job come from; a state that is left out is zeros. */
export interface JobRows {
  readonly input: RowSource
  /** Of each layer and direction, in the order of `placedLayers`; undefined when all are left out. */
  readonly hiddenStates: readonly RowSource[] | undefined
  readonly cellStates: readonly RowSource[] | undefined
}

/** The bytes of an answer, and where the time since `begun` went; milliseconds, `performance.now()` of this thread. */
export interface JobAnswer {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** When the job was ready to run. */
  readonly begun: number
  readonly computeMs: number
  readonly encodeMs: number
}

/**
 * Runs a job to its end and encodes what it has found; its memory is given back when that is done.
 * @throws LSTM_ERR_JOB_TOO_LARGE, LSTM_ERR_OUT_OF_MEMORY, LSTM_ERR_WORKER_LOST, and whatever `encode` throws
 */
export async function withJob(
  { kernel, sharing, limits }: WorkerContext,
  description: Omit<JobDescription, 'maxValues'>,
  { input, hiddenStates, cellStates }: JobRows,
  encode: (job: Job) => Uint8Array<ArrayBuffer>
): Promise<JobAnswer> {
  const job = new Job(kernel, { ...description, maxValues: limits.maxJobValues })
  try {
    job.setInput(input)
    for (const place of job.whole.passes.keys()) job.setStates(place, hiddenStates?.[place], cellStates?.[place])
    const begun = performance.now()
    const computeMs = await sharing.run(job.whole)
    const computed = performance.now()
    const bytes = encode(job)
    return { bytes, begun, computeMs, encodeMs: performance.now() - computed }
  } finally {
    job.release()
  }
}
