import { Job, type JobDescription, type RowSource } from '../../engine/job.ts'
import type { WorkerContext } from '../context.ts'

/** Where the rows of a job come from; a state that is left out is zeros. */
export interface JobRows {
  readonly input: RowSource
  /** Of each layer and direction, in the order of `placedLayers`; undefined when all are left out. */
  readonly hiddenStates: readonly RowSource[] | undefined
  readonly cellStates: readonly RowSource[] | undefined
}

/** What was made of a finished job, and where the time since `begun` went; milliseconds, `performance.now()` of this thread. */
export interface JobAnswer<A = Uint8Array<ArrayBuffer>> {
  readonly answer: A
  readonly m: number
  readonly executions: number
  /** When the job was ready to run. */
  readonly begun: number
  readonly computeMs: number
  readonly encodeMs: number
}

/**
 * Runs a job to its end and encodes what it has found; its memory is given back when that is done.
 * @throws LSTM_ERR_JOB_TOO_LARGE, LSTM_ERR_OVERLOADED, LSTM_ERR_CLIENT_GONE, LSTM_ERR_OUT_OF_MEMORY, LSTM_ERR_WORKER_LOST, and whatever `encode` throws
 */
export async function withJob<A>(
  { kernel, sharing, limits, runningValues, onJob }: WorkerContext,
  { set, m, T_x, lengths, gates, predict, priority }: Omit<JobDescription, 'maxValues' | 'reserve'>,
  { input, hiddenStates, cellStates }: JobRows,
  encode: (job: Job) => A
): Promise<JobAnswer<A>> {
  let reserved = 0
  const reserve = (values: number): void => {
    runningValues.take(values)
    reserved = values
  }
  let job: Job | undefined
  try {
    const { maxJobValues: maxValues } = limits
    job = new Job(kernel, { set, m, T_x, lengths, gates, predict, priority, maxValues, reserve })
    onJob(job.whole.stop)
    job.setInput(input)
    for (let place = 0; place < job.whole.passes.length; place++) {
      job.setStates(place, hiddenStates?.[place], cellStates?.[place])
    }
    const begun = performance.now()
    const { ms: computeMs, executions } = await sharing.run(job.whole)
    const computed = performance.now()
    const answer = encode(job)
    return { answer, m: job.m, executions, begun, computeMs, encodeMs: performance.now() - computed }
  } finally {
    runningValues.give(reserved)
    job?.release()
  }
}
