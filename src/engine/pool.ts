import { type TransferListItem, Worker } from 'node:worker_threads'
import { LstmError } from '../errors.ts'
import { type KernelSetting, type SharedKernel, shareKernel } from '../kernels/choose.ts'
import type { ParameterSet } from '../parameters/parameter-set.ts'
import type { Limits } from './limits.ts'
import type { FromWorker, Operation, Results, ToWorker, WorkerData } from './messages.ts'
import type { PublishedSet } from './registry.ts'

/** The build's extension here is the build's extension there; a worker's URL is not rewritten by the compiler. */
const workerUrl = new URL(`./worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

/** How long a worker may take to end by itself before it is ended. */
const CLOSE_MS = 2000

/** Wait before a worker that ended is replaced, doubled each time it ends again without having answered anything. */
const RESTART_MS = 10
const RESTART_MAX_MS = 5000

export interface PoolOptions {
  readonly workers: number
  readonly kernel: KernelSetting
  /** Most operations under way at once, on all workers together. */
  readonly maxPending: number
  readonly limits: Limits
  /** The module that the workers run. */
  readonly workerUrl?: URL
  /** Told of a fault that no client caused. */
  readonly onFault: (reason: string, details: string) => void
}

interface Pending {
  readonly resolve: (result: never) => void
  readonly reject: (error: Error) => void
}

interface Member {
  readonly worker: Worker
  readonly pending: Map<number, Pending>
  ready: boolean
}

/**
 * The worker threads, seen from the HTTP thread: moves an operation to the worker with the least to do and its
 * result back, tells every worker of new parameter sets, replaces a worker that ended.
 */
export class Pool {
  readonly #options: PoolOptions
  readonly #members = new Set<Member>()
  readonly #kernel: SharedKernel
  readonly #sets = new Map<string, PublishedSet>()
  /** Sets that were replaced or withdrawn, by handle, and the workers that may still use them. */
  readonly #retired = new Map<number, { readonly set: ParameterSet; readonly users: Set<Member> }>()
  #nextHandle = 0
  #nextId = 0
  #pending = 0
  #closing = false
  #restartMs = RESTART_MS

  private constructor(options: PoolOptions) {
    this.#options = options
    this.#kernel = shareKernel(options.kernel)
  }

  /** Resolves when every worker is ready. */
  static async start(options: PoolOptions): Promise<Pool> {
    const pool = new Pool(options)
    try {
      await Promise.all(Array.from({ length: options.workers }, () => pool.#add()))
    } catch (error) {
      await pool.close()
      throw error
    }
    return pool
  }

  /** Name of the kernel that the workers run. */
  get kernel(): string {
    return this.#kernel.name
  }

  /** The kernel's memory and what goes with it, as every worker has it. */
  get sharedKernel(): SharedKernel {
    return this.#kernel
  }

  /** Workers that take operations. */
  get workers(): number {
    return [...this.#members].filter(({ ready }) => ready).length
  }

  /** Operations under way. */
  get pending(): number {
    return this.#pending
  }

  /**
   * Runs an operation on a worker; the buffer of its body is moved there and is empty afterwards.
   * @throws LSTM_ERR_OVERLOADED, LSTM_ERR_SHUTTING_DOWN, LSTM_ERR_WORKER_LOST, LSTM_ERR_INTERNAL, and whatever the
   * operation throws
   */
  async run<K extends Operation['kind']>(operation: Extract<Operation, { kind: K }>): Promise<Results[K]> {
    if (this.#closing) throw new LstmError('LSTM_ERR_SHUTTING_DOWN', [])
    const { maxPending } = this.#options
    if (this.#pending >= maxPending) throw new LstmError('LSTM_ERR_OVERLOADED', [maxPending])
    const member = this.#leastBusy()
    if (member === undefined) throw new LstmError('LSTM_ERR_WORKER_LOST', [])
    const id = this.#nextId++
    this.#pending++
    try {
      return await new Promise<Results[K]>((resolve, reject) => {
        member.pending.set(id, { resolve, reject })
        const transfer = 'body' in operation ? [operation.body.buffer as ArrayBuffer] : []
        post(member, { type: 'run', id, operation }, transfer)
      })
    } finally {
      this.#pending--
    }
  }

  /**
   * Every operation that is run after this call sees the set under this name. The pool takes the set over: once it
   * has been replaced or withdrawn and no worker uses it any more, its memory is given back.
   */
  publish(name: string, set: ParameterSet): void {
    this.#retire(name)
    const published = { handle: this.#nextHandle++, set }
    this.#sets.set(name, published)
    for (const member of this.#members) post(member, { type: 'set', name, published })
  }

  /** No operation that is run after this call sees a set under this name. */
  withdraw(name: string): void {
    this.#retire(name)
    this.#sets.delete(name)
    for (const member of this.#members) post(member, { type: 'unset', name })
  }

  /** Gives the memory of a set back that was never published. */
  discard(set: ParameterSet): void {
    const member = this.#leastBusy()
    if (member !== undefined) post(member, { type: 'release', set })
  }

  #retire(name: string): void {
    const old = this.#sets.get(name)
    if (old !== undefined) this.#retired.set(old.handle, { set: old.set, users: new Set(this.#members) })
  }

  #letGo(handle: number, member: Member): void {
    const retired = this.#retired.get(handle)
    if (retired === undefined || !retired.users.delete(member) || retired.users.size > 0) return
    this.#retired.delete(handle)
    this.discard(retired.set)
  }

  /** Lets the workers end; what is still under way fails with LSTM_ERR_WORKER_LOST. */
  async close(): Promise<void> {
    this.#closing = true
    await Promise.all([...this.#members].map((member) => end(member)))
  }

  #leastBusy(): Member | undefined {
    let best: Member | undefined
    for (const member of this.#members) {
      if (member.ready && (best === undefined || member.pending.size < best.pending.size)) best = member
    }
    return best
  }

  /** Resolves when the new worker is ready, rejects when it ends before that. */
  #add(): Promise<void> {
    const data: WorkerData = { limits: this.#options.limits, kernel: this.#kernel, sets: this.#sets }
    // what the main thread preloads (--import, --require) is for the main thread; a worker starts with nothing
    const worker = new Worker(this.#options.workerUrl ?? workerUrl, { workerData: data, execArgv: [] })
    const member: Member = { worker, pending: new Map(), ready: false }
    this.#members.add(member)
    return new Promise((resolve, reject) => {
      member.worker.on('message', (message: FromWorker) => {
        if (message.type === 'ready') {
          member.ready = true
          resolve()
        } else if (message.type === 'idle') {
          this.#letGo(message.handle, member)
        } else {
          this.#restartMs = RESTART_MS
          this.#settle(member, message)
        }
      })
      member.worker.on('error', (error) => {
        this.#options.onFault('a worker failed', String(error.stack ?? error))
      })
      member.worker.on('exit', () => {
        this.#remove(member)
        reject(new LstmError('LSTM_ERR_WORKER_LOST', []))
      })
    })
  }

  #settle({ pending }: Member, message: Exclude<FromWorker, { type: 'ready' | 'idle' }>): void {
    const waiting = pending.get(message.id)
    if (waiting === undefined) return
    pending.delete(message.id)
    if (message.type === 'done') {
      waiting.resolve(message.result as never)
    } else if (message.type === 'failed') {
      waiting.reject(LstmError.deserialize(message.error))
    } else {
      this.#options.onFault('an operation failed', message.stack)
      waiting.reject(new LstmError('LSTM_ERR_INTERNAL', []))
    }
  }

  #remove(member: Member): void {
    this.#members.delete(member)
    for (const handle of this.#retired.keys()) this.#letGo(handle, member)
    for (const { reject } of member.pending.values()) reject(new LstmError('LSTM_ERR_WORKER_LOST', []))
    member.pending.clear()
    if (!this.#closing) this.#restart()
  }

  #restart(): void {
    const wait = this.#restartMs
    this.#restartMs = Math.min(2 * wait, RESTART_MAX_MS)
    setTimeout(() => {
      if (!this.#closing) this.#add().catch(() => {}) // its exit has been seen to above
    }, wait).unref()
  }
}

function post({ worker }: Member, message: ToWorker, transfer: TransferListItem[] = []): void {
  worker.postMessage(message, transfer)
}

function end(member: Member): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => void member.worker.terminate(), CLOSE_MS)
    member.worker.once('exit', () => {
      clearTimeout(timer)
      resolve()
    })
    post(member, { type: 'close' })
  })
}
