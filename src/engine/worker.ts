import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { LstmError } from '../errors.ts'
import { createKernel } from '../kernels/choose.ts'
import { releaseParameterSet } from '../parameters/parameter-set.ts'
import type { WorkerContext } from '../protocols/context.ts'
import { cell } from '../protocols/rest/cell.ts'
import { exportSet } from '../protocols/rest/export-set.ts'
import { keepSet, restoreSet } from '../protocols/rest/kept-set.ts'
import { sequence } from '../protocols/rest/sequence.ts'
import type { FromWorker, Operation, PartOutcome, Results, ToWorker, WorkerData } from './messages.ts'
import type { Part } from './part.ts'
import { SetRegistry } from './registry.ts'
import { RowCounts } from './row-counts.ts'
import { Sharing } from './sharing.ts'
import { Stepper } from './stepper.ts'

/** The entry of a worker thread: takes messages, runs operations, answers. */

const port = parentPort as MessagePort
const { limits, kernel: shared, sets: published, workers, rowCounts } = workerData as WorkerData
const kernel = createKernel(shared)
const sets = new SetRegistry(published, (handle) => send({ type: 'idle', handle }))
const stepper = new Stepper(kernel, new RowCounts(rowCounts))
const sharing = new Sharing(stepper, workers, (id, part) => send({ type: 'share', id, part }))
const context: WorkerContext = { kernel, sharing, sets, limits }

port.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'run':
      void answer(message.id, message.operation)
      break
    case 'part':
      void runPart(message.id, message.part)
      break
    case 'part-ended':
      sharing.ended(message.id, message.outcome)
      break
    case 'set':
      sets.publish(message.name, message.published)
      break
    case 'unset':
      sets.withdraw(message.name)
      break
    case 'release':
      releaseParameterSet(kernel, message.set)
      break
    case 'close':
      // nothing is left to do when this comes: the thread ends by itself and its coverage is kept
      kernel.close()
      port.close()
  }
})
send({ type: 'ready' })

async function answer(id: number, operation: Operation): Promise<void> {
  try {
    const result = await run(operation)
    send({ type: 'done', id, result }, buffersOf(result))
  } catch (error) {
    if (error instanceof LstmError) send({ type: 'failed', id, error: error.serialize() })
    else send({ type: 'fault', id, stack: stackOf(error) })
  }
}

async function runPart(id: number, part: Part): Promise<void> {
  const outcome = await stepper.run(part).then(
    (ms): PartOutcome => ({ type: 'computed', ms }),
    (error): PartOutcome => ({ type: 'fault', stack: stackOf(error) })
  )
  send({ type: 'part-ended', id, outcome })
}

function run(operation: Operation): Results[keyof Results] | Promise<Results[keyof Results]> {
  switch (operation.kind) {
    case 'cell':
      return cell(operation.body, context)
    case 'sequence':
      return sequence(operation.body, context)
    case 'import':
      return keepSet(operation, context)
    case 'restore':
      return restoreSet(operation.path, context)
    case 'export':
      return exportSet(operation.set, operation.format, operation.encoding, context)
  }
}

/** What moves with a result: the bytes of an answer. */
function buffersOf(result: Results[keyof Results]): ArrayBuffer[] {
  if (result instanceof Uint8Array) return [result.buffer]
  return 'bytes' in result && result.bytes instanceof Uint8Array ? [result.bytes.buffer] : []
}

function stackOf(error: unknown): string {
  return error instanceof Error ? String(error.stack) : String(error)
}

function send(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}
