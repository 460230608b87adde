import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { LstmError } from '../errors.ts'
import { Executor, stackOf } from './executor.ts'
import { countDropped } from './garbage.ts'
import { Intakes } from './intakes.ts'
import { type Entry, Mailbox } from './mailbox.ts'
import {
  type Computed,
  type FromWorker,
  inferenceKinds,
  LOOK,
  type MovedLargeImport,
  type MovedOperation,
  type MovedResult,
  type ToWorker,
  type WorkerData
} from './messages.ts'
import { stepBack } from './priority.ts'
import { Slots } from './slots.ts'

/** The entry of a worker thread: takes requests and messages, has them executed, answers. */

const port = parentPort as MessagePort
const { exchange, ...options } = workerData as WorkerData
const requests = new Mailbox(exchange.requests)
const answers = new Mailbox(exchange.answers)
const bodySlots = new Slots(exchange.bodySlots)
const answerSlots = new Slots(exchange.answerSlots)
const intakes = new Intakes()
const executor = new Executor({
  ...options,
  onIdle: (handle) => send({ type: 'idle', handle }),
  share: (id, part) => send({ type: 'share', id, part }),
  offer: (id, place) => send({ type: 'offer', id, place })
})
/** Messages handled so far, but for calls to look into the mailbox. */
let handled = 0

if (options.background === true) stepBack()
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
      void answer(message.id, () => run(message.operation, message.id))
      break
    case 'pieces':
      intakes.add(message.id, message.declared, message.pieces)
      break
    case 'drop':
      intakes.drop(message.id)
      break
    case 'part':
      void executor.runPart(message.part).then((outcome) => send({ type: 'part-ended', id: message.id, outcome }))
      break
    case 'help':
      executor.help(message.place).then(
        () => send({ type: 'helped', id: message.id }),
        (error) => send({ type: 'helped', id: message.id, stack: stackOf(error) })
      )
      break
    case 'part-ended':
      executor.partEnded(message.id, message.outcome)
      break
    case 'set':
      executor.sets.publish(message.name, message.published)
      break
    case 'unset':
      executor.sets.withdraw(message.name)
      break
    case 'stop':
      executor.stop(message.id)
      break
    case 'close':
      // nothing is left to do when this comes: the thread ends by itself and its coverage is kept
      executor.close()
      port.close()
  }
}

async function run(operation: MovedOperation | MovedLargeImport, id: number): Promise<MovedResult> {
  if (!('intake' in operation)) return executor.run(operation, id)
  const body = intakes.take(operation.intake)
  try {
    return await executor.run({ ...operation, body }, id)
  } finally {
    intakes.giveBack(body)
  }
}

/** An inference from the mailbox. It is to see the sets as they were when it was sent: what was posted before it goes first. */
function take([id, kind, slot, bytes, posted]: Entry): void {
  while (handled < posted) {
    const waiting = receiveMessageOnPort(port)
    if (waiting === undefined) throw new Error(`a worker has ${handled} messages of ${posted}`)
    handle(waiting.message)
  }
  void answer(id, () => {
    try {
      countDropped(bytes) // about what its tensors take
      return executor.infer(inferenceKinds[kind], bodySlots.bytes(slot, bytes), id)
    } finally {
      bodySlots.give(slot)
    }
  })
}

async function answer(id: number, work: () => MovedResult | Promise<MovedResult>): Promise<void> {
  try {
    const result = await work()
    if ('timing' in result) answerInference(id, result)
    else send({ type: 'done', id, result }, buffersOf(result))
  } catch (error) {
    if (error instanceof LstmError) send({ type: 'failed', id, error: error.serialize() })
    else send({ type: 'fault', id, stack: stackOf(error) })
  } finally {
    executor.forget(id)
  }
}

/** What is moved with a result, not copied. */
function buffersOf(result: MovedResult): ArrayBuffer[] {
  if (result instanceof Uint8Array) return [result.buffer]
  return 'file' in result && result.file !== undefined ? [result.file.buffer] : []
}

/** Through shared memory where the answer fits into a free slot. */
function answerInference(id: number, computed: Computed): void {
  const { bytes, jsonBytes, stateBytes, m, executions, timing, release } = computed
  const slot = answerSlots.take(bytes.length)
  if (slot !== undefined) {
    answerSlots.bytes(slot, bytes.length).set(bytes)
    const { decode, compute, encode } = timing
    const entry = [id, slot, bytes.length, jsonBytes, stateBytes, m, executions, decode, compute, encode]
    if (answers.send(entry, () => send(LOOK))) {
      release?.()
      return
    }
    answerSlots.give(slot)
  }
  // what is moved is the whole buffer: not that of a small answer in memory that had been a large one's
  const own = 2 * bytes.length < bytes.buffer.byteLength ? bytes.slice() : bytes
  send({ type: 'done', id, result: { bytes: own, jsonBytes, stateBytes, m, executions, timing } }, [own.buffer])
}

function send(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}
