import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { LstmError } from '../errors.ts'
import { createKernel } from '../kernels/choose.ts'
import { releaseParameterSet } from '../parameters/parameter-set.ts'
import type { WorkerContext } from '../protocols/context.ts'
import { cell } from '../protocols/rest/cell.ts'
import { exportSet } from '../protocols/rest/export-set.ts'
import { keepSet, restoreSet } from '../protocols/rest/kept-set.ts'
import { sequence } from '../protocols/rest/sequence.ts'
import { type Entry, Mailbox } from './mailbox.ts'
import {
  type Computed,
  type FromWorker,
  type InferenceKind,
  inferenceKinds,
  LOOK,
  type MovedOperation,
  type MovedResult,
  type PartOutcome,
  type ToWorker,
  type WorkerData
} from './messages.ts'
import type { Part } from './part.ts'
import { SetRegistry } from './registry.ts'
import { RowCounts } from './row-counts.ts'
import { RunningValues } from './running-values.ts'
import { Sharing } from './sharing.ts'
import { Slots } from './slots.ts'
import { Stepper } from './stepper.ts'

/** The entry of a worker thread: takes requests and messages, runs operations, answers. */

const port = parentPort as MessagePort
const { exchange, limits, kernel: shared, sets: published, workers, rowCounts, owner, slot } = workerData as WorkerData
const requests = new Mailbox(exchange.requests)
const answers = new Mailbox(exchange.answers)
const bodySlots = new Slots(exchange.bodySlots)
const answerSlots = new Slots(exchange.answerSlots)
const kernel = createKernel(shared, owner)
const sets = new SetRegistry(published, (handle) => send({ type: 'idle', handle }))
const stepper = new Stepper(kernel, new RowCounts(rowCounts))
const sharing = new Sharing(stepper, workers, (id, part) => send({ type: 'share', id, part }))
const runningValues = new RunningValues((workerData as WorkerData).runningValues, slot, limits.maxRunningValues)
/** By operation: what to set to 1 to end its job at the next tick. */
const stops = new Map<number, Float32Array>()
const context: WorkerContext = { kernel, sharing, sets, limits, runningValues, onJob: () => {} }
const inferences: Record<InferenceKind, typeof cell> = { cell, sequence }
/** Messages handled so far, but for calls to look into the mailbox. */
let handled = 0

port.on('message', handle)
send({ type: 'ready' })

function handle(message: ToWorker): void {
  if (message === LOOK) {
    requests.receive(take)
    return
  }
  handled++
  switch (message.type) {
    case 'run':
      void answer(message.id, () => run(message.id, message.operation))
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
    case 'stop':
      stops.get(message.id)?.fill(1)
      break
    case 'close':
      // nothing is left to do when this comes: the thread ends by itself and its coverage is kept
      kernel.close()
      port.close()
  }
}

/** An inference from the mailbox. It must see the sets as they were when it was sent, so what was posted before it goes first. */
function take([id, kind, slot, bytes, posted]: Entry): void {
  while (handled < posted) {
    const waiting = receiveMessageOnPort(port)
    if (waiting === undefined) throw new Error(`a worker has ${handled} messages of ${posted}`)
    handle(waiting.message)
  }
  void answer(id, () => {
    try {
      // an inference has read its body before it first waits
      return inferences[inferenceKinds[kind]](bodySlots.bytes(slot, bytes), contextOf(id))
    } finally {
      bodySlots.give(slot)
    }
  })
}

async function answer(id: number, work: () => MovedResult | Promise<MovedResult>): Promise<void> {
  try {
    const result = await work()
    if ('timing' in result) answerInference(id, result)
    else send({ type: 'done', id, result }, result instanceof Uint8Array ? [result.buffer] : [])
  } catch (error) {
    if (error instanceof LstmError) send({ type: 'failed', id, error: error.serialize() })
    else send({ type: 'fault', id, stack: stackOf(error) })
  } finally {
    stops.delete(id)
  }
}

function contextOf(id: number): WorkerContext {
  return { ...context, onJob: (stop) => stops.set(id, stop) }
}

/** Through shared memory where the answer fits into a free slot. */
function answerInference(id: number, { bytes, timing }: Computed): void {
  const slot = answerSlots.take(bytes.length)
  if (slot !== undefined) {
    answerSlots.bytes(slot, bytes.length).set(bytes)
    const entry = [id, slot, bytes.length, timing.decode, timing.compute, timing.encode]
    if (answers.send(entry, () => send(LOOK))) return
    answerSlots.give(slot)
  }
  send({ type: 'done', id, result: { bytes, timing } }, [bytes.buffer])
}

async function runPart(id: number, part: Part): Promise<void> {
  const outcome = await stepper.run(part).then(
    (ms): PartOutcome => ({ type: 'computed', ms }),
    (error): PartOutcome => (part.stop[0] === 0 ? { type: 'fault', stack: stackOf(error) } : { type: 'stopped' })
  )
  send({ type: 'part-ended', id, outcome })
}

function run(id: number, operation: MovedOperation): MovedResult | Promise<MovedResult> {
  switch (operation.kind) {
    case 'import':
      return keepSet(operation, context)
    case 'restore':
      return restoreSet(operation.path, context)
    case 'export':
      return exportSet(operation.set, operation.format, operation.encoding, context)
    default:
      return inferences[operation.kind](operation.body, contextOf(id))
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? String(error.stack) : String(error)
}

function send(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}
