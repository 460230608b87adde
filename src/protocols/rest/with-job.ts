import { Job, type JobDescription, type RowSource } from '../../engine/job.ts'
import type { WorkerContext } from '../context.ts'

/** Where the rows of a job come from; a state that is left out is zeros. */
export interface JobRows {
  readonly input: RowSource
  readonly hiddenState: RowSource | undefined
  readonly cellState: RowSource | undefined
}

/**
 * Runs a job to its end and does something with it; its memory is given back when that is done.
 * @throws LSTM_ERR_JOB_TOO_LARGE, LSTM_ERR_OUT_OF_MEMORY, and whatever `use` throws
 */
export async function withJob<T>(
  { kernel, stepper, limits }: WorkerContext,
  description: Omit<JobDescription, 'maxValues'>,
  { input, hiddenState, cellState }: JobRows,
  use: (job: Job) => T
): Promise<T> {
  const job = new Job(kernel, { ...description, maxValues: limits.maxJobValues })
  try {
    job.setInput(input)
    if (hiddenState !== undefined) job.setHiddenState(hiddenState)
    if (cellState !== undefined) job.setCellState(cellState)
    await stepper.run(job)
    return use(job)
  } finally {
    job.release()
  }
}
