import type { EventLoopUtilization } from 'node:perf_hooks'
import { type TransferListItem, Worker } from 'node:worker_threads'
import { createMailboxMemory, type Entry, Mailbox } from './mailbox.ts'
import { type Answer, type FromWorker, LOOK, type ToWorker, type WorkerData } from './messages.ts'
import { createSlotMemory, Slots } from './slots.ts'

/** The build's extension here is the build's extension there; a worker's URL is not rewritten by the compiler. */
const workerUrl = new URL(`./worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

/** How long a worker may take to end by itself before it is ended. */
const CLOSE_MS = 2000

export interface MemberEvents {
  onMessage(member: Member, message: Exclude<FromWorker, typeof LOOK>): void
  /** An inference has been answered through shared memory. */
  onAnswer(id: number, answer: Answer): void
  onError(error: Error): void
  onExit(member: Member): void
}

/** One worker thread, as the pool sees it. */
export class Member {
  /** Takes operations: it has said so, and has not ended. */
  ready = false
  /** Takes only what is run again, for that may be why its worker ended. */
  reserved = false
  /** Whose memory is whose: a number that no other worker ever has. */
  readonly owner: number
  /** Bytes of what it was given to do and has not done yet, with something for each piece of work. */
  load = 0
  /** Which of the pool's workers it is, from 0; a worker that replaces another one has its number. */
  readonly slot: number
  readonly #worker: Worker
  readonly #requests: Mailbox
  readonly #answers: Mailbox
  readonly #answerSlots: Slots
  readonly #onAnswer: MemberEvents['onAnswer']
  /** Messages that were posted so far; an inference says how many there were before it. */
  #posted = 0
  #usage: EventLoopUtilization | undefined

  constructor(
    slot: number,
    url: URL | undefined,
    bodySlots: SharedArrayBuffer,
    data: Omit<WorkerData, 'exchange'>,
    { onMessage, onAnswer, onError, onExit }: MemberEvents
  ) {
    this.slot = slot
    this.owner = data.owner
    const exchange = {
      requests: createMailboxMemory(),
      answers: createMailboxMemory(),
      bodySlots,
      answerSlots: createSlotMemory()
    }
    this.#requests = new Mailbox(exchange.requests)
    this.#answers = new Mailbox(exchange.answers)
    this.#answerSlots = new Slots(exchange.answerSlots)
    this.#onAnswer = onAnswer
    const workerData: WorkerData = { ...data, exchange }
    // what the main thread preloads (--import, --require) is for the main thread; a worker starts with nothing
    this.#worker = new Worker(url ?? workerUrl, { workerData, execArgv: [] })
    this.#worker.on('message', (message: FromWorker) => {
      if (message === LOOK) this.#look()
      else onMessage(this, message)
    })
    this.#worker.on('error', onError)
    // a message that cannot be read is lost, and somebody waits for what it said: better to run it again
    this.#worker.on('messageerror', (error) => {
      onError(error)
      void this.#worker.terminate()
    })
    this.#worker.on('exit', () => {
      this.#look() // what it has answered counts, though it ended before we were told
      this.ready = false
      onExit(this)
    })
  }

  post(message: Exclude<ToWorker, typeof LOOK>, transfer: TransferListItem[] = []): void {
    this.#posted++
    this.#worker.postMessage(message, transfer)
  }

  /** The share of the time since the last call of this, or since its start, in which it had something to do. */
  busyRatio(): number {
    const { eventLoopUtilization } = this.#worker.performance
    const now = eventLoopUtilization()
    const { utilization } = this.#usage === undefined ? now : eventLoopUtilization(now, this.#usage)
    this.#usage = now
    return utilization
  }

  /** Sends an inference whose body lies in a slot. @returns false when there are too many on the way already */
  infer(id: number, kind: number, slot: number, bytes: number): boolean {
    return this.#requests.send([id, kind, slot, bytes, this.#posted], () => this.#worker.postMessage(LOOK))
  }

  #look(): void {
    this.#answers.receive(([id, slot, length, jsonBytes, stateBytes, m, executions, ...times]: Entry) => {
      const bytes = this.#answerSlots.bytes(slot, length)
      const [decode, compute, encode] = times
      const timing = { decode, compute, encode }
      const free = () => this.#answerSlots.give(slot)
      this.#onAnswer(id, { bytes, jsonBytes, stateBytes, m, executions, timing, free })
    })
  }

  /** Resolves when the thread has ended: by itself, or because it took too long. */
  end(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => void this.#worker.terminate(), CLOSE_MS)
      this.#worker.once('exit', () => {
        clearTimeout(timer)
        resolve()
      })
      this.post({ type: 'close' })
    })
  }
}

/** The worker with the least to do, but for those that are kept free for what is run again. */
export function leastBusy(members: Iterable<Member>): Member | undefined {
  let best: Member | undefined
  for (const member of members) {
    if (member.ready && !member.reserved && (best === undefined || member.load < best.load)) best = member
  }
  return best
}
