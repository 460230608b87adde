import { LstmError } from '../../errors.ts'
import type { WorkerContext } from '../context.ts'

/**
 * Does work that has to be over a while after its request arrived: a job that runs past that stops at the next tick.
 * @param arrived milliseconds since 1970
 * @param microseconds 0 is for ever
 * @throws LSTM_ERR_DEADLINE, and whatever the work throws
 */
export function within<T>(
  arrived: number,
  microseconds: number,
  context: WorkerContext,
  work: (context: WorkerContext) => Promise<T>
): Promise<T> {
  return microseconds === 0 ? work(context) : limited(arrived, microseconds, context, work)
}

async function limited<T>(
  arrived: number,
  microseconds: number,
  context: WorkerContext,
  work: (context: WorkerContext) => Promise<T>
): Promise<T> {
  const ms = microseconds / 1000
  const end = arrived + ms
  const isLate = (): boolean => Date.now() >= end
  const late = (): LstmError => new LstmError('LSTM_ERR_DEADLINE', [ms])
  if (isLate()) throw late()
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const onJob = (stop: Float32Array): void => {
    context.onJob(stop)
    // a timer counts whole milliseconds, no more of them than fit into 31 bits, and may come one too early
    timer = setTimeout(
      () => {
        stopped = true
        stop.fill(1)
      },
      Math.min(Math.ceil(end - Date.now()), 2 ** 31 - 1)
    )
  }
  try {
    const result = await work({ ...context, onJob })
    if (isLate()) throw late()
    return result
  } catch (error) {
    const gone = error instanceof LstmError && error.code === 'LSTM_ERR_CLIENT_GONE'
    throw gone && (stopped || isLate()) ? late() : error
  } finally {
    clearTimeout(timer)
  }
}
