import type { EventLoopUtilization } from 'node:perf_hooks'
import { type TransferListItem, Worker } from 'node:worker_threads'
import type { FromWorker, ToWorker, WorkerData } from './messages.ts'

/** The build's extension here is the build's extension there; a worker's URL is not rewritten by the compiler. */
const workerUrl = new URL(`./worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

/** How long a worker may take to end by itself before it is ended. */
const CLOSE_MS = 2000

export interface MemberEvents {
  onMessage(member: Member, message: FromWorker): void
  onError(error: Error): void
  onExit(member: Member): void
}

/** One worker thread, as the pool sees it. */
export class Member {
  /** Takes operations: it has said so, and has not ended. */
  ready = false
  /** Bytes of what it was given to do and has not done yet, with something for each piece of work. */
  load = 0
  /** Which of the pool's workers it is, from 0; a worker that replaces another one has its number. */
  readonly slot: number
  readonly #worker: Worker
  #usage: EventLoopUtilization | undefined

  constructor(
    slot: number,
    url: URL | undefined,
    workerData: WorkerData,
    { onMessage, onError, onExit }: MemberEvents
  ) {
    this.slot = slot
    // what the main thread preloads (--import, --require) is for the main thread; a worker starts with nothing
    this.#worker = new Worker(url ?? workerUrl, { workerData, execArgv: [] })
    this.#worker.on('message', (message: FromWorker) => onMessage(this, message))
    this.#worker.on('error', onError)
    this.#worker.on('exit', () => {
      this.ready = false
      onExit(this)
    })
  }

  post(message: ToWorker, transfer: TransferListItem[] = []): void {
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
