import { LstmError } from '../errors.ts'
import { type KernelSetting, type SharedKernel, shareKernel } from '../kernels/choose.ts'
import type { ParameterSet } from '../parameters/parameter-set.ts'
import { bodyLength, joined, joinInto } from './body.ts'
import type { Limits } from './limits.ts'
import { Member } from './member.ts'
import {
  type FromWorker,
  inferenceKinds,
  type LOOK,
  type Operation,
  type OperationOf,
  type Results
} from './messages.ts'
import { PublishedSets } from './published-sets.ts'
import { RowCounts } from './row-counts.ts'
import { SharedParts } from './shared-parts.ts'
import { createSlotMemory, Slots } from './slots.ts'

/** Wait before a worker that ended is replaced, doubled each time it ends again without having answered anything. */
const RESTART_MS = 10
const RESTART_MAX_MS = 5000

/** What an operation weighs besides its bytes: small ones count by their number, large ones by their size. */
const OPERATION_LOAD = 16_384

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
  readonly member: Member
  readonly load: number
  /** The slot that its body lies in. */
  readonly slot: number | undefined
  readonly resolve: (result: never) => void
  readonly reject: (error: Error) => void
}

/**
 * The worker threads, seen from the HTTP thread: moves an operation to the worker with the least to do and its
 * result back, tells every worker of new parameter sets, passes parts of wide jobs on, replaces a worker that ended.
 */
export class Pool {
  readonly #options: PoolOptions
  readonly #members = new Set<Member>()
  readonly #kernel: SharedKernel
  readonly #sets = new PublishedSets((set) => this.discard(set))
  readonly #parts = new SharedParts()
  readonly #bodySlotMemory = createSlotMemory()
  readonly #bodySlots = new Slots(this.#bodySlotMemory)
  readonly #pending = new Map<number, Pending>()
  readonly #rowCounts: readonly RowCounts[]
  #restarts = 0
  #nextId = 0
  #closing = false
  #restartMs = RESTART_MS

  private constructor(options: PoolOptions) {
    this.#options = options
    this.#kernel = shareKernel(options.kernel)
    this.#rowCounts = Array.from({ length: options.workers }, () => new RowCounts())
  }

  /** Resolves when every worker is ready. */
  static async start(options: PoolOptions): Promise<Pool> {
    const pool = new Pool(options)
    try {
      await Promise.all(Array.from({ length: options.workers }, (_, slot) => pool.#add(slot)))
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

  /** Workers that ended and were replaced. */
  get restarts(): number {
    return this.#restarts
  }

  /** Of each worker: its number, and how much of the time since the last call it had something to do. */
  busyRatios(): { slot: number; ratio: number }[] {
    return [...this.#members]
      .filter(({ ready }) => ready)
      .map((member) => ({ slot: member.slot, ratio: member.busyRatio() }))
  }

  /** Rows of each call of the kernel so far, by worker. */
  get rowCounts(): readonly RowCounts[] {
    return this.#rowCounts
  }

  /** Operations under way. */
  get pending(): number {
    return this.#pending.size
  }

  /**
   * Runs an operation on a worker.
   * @throws LSTM_ERR_OVERLOADED, LSTM_ERR_SHUTTING_DOWN, LSTM_ERR_WORKER_LOST, LSTM_ERR_INTERNAL, and whatever the
   * operation throws
   */
  async run<K extends Operation['kind']>(operation: OperationOf<K>): Promise<Results[K]> {
    if (this.#closing) throw new LstmError('LSTM_ERR_SHUTTING_DOWN', [])
    const { maxPending } = this.#options
    if (this.#pending.size >= maxPending) throw new LstmError('LSTM_ERR_OVERLOADED', [maxPending])
    const member = this.#leastBusy()
    if (member === undefined) throw new LstmError('LSTM_ERR_WORKER_LOST', [])
    const id = this.#nextId++
    const load = OPERATION_LOAD + bytesOf(operation as Operation)
    const slot = this.#send(member, id, operation as Operation)
    member.load += load
    return new Promise<Results[K]>((resolve, reject) => {
      this.#pending.set(id, { member, load, slot, resolve, reject })
    })
  }

  /** @returns the slot that the body was put into, where there was one for it */
  #send(member: Member, id: number, operation: Operation): number | undefined {
    if (!('body' in operation)) {
      member.post({ type: 'run', id, operation })
      return undefined
    }
    const { kind, body } = operation
    if (kind !== 'import') {
      const bytes = bodyLength(body)
      const slot = this.#bodySlots.take(bytes)
      if (slot !== undefined) {
        joinInto(body, this.#bodySlots.bytes(slot, bytes))
        if (member.infer(id, inferenceKinds.indexOf(kind), slot, bytes)) return slot
        this.#bodySlots.give(slot)
      }
    }
    const whole = joined(body)
    member.post({ type: 'run', id, operation: { ...operation, body: whole } }, [whole.buffer])
    return undefined
  }

  /**
   * Every operation that is run after this call sees the set under this name. The pool takes the set over: once it
   * has been replaced or withdrawn and no worker uses it any more, its memory is given back.
   */
  publish(name: string, set: ParameterSet): void {
    const published = this.#sets.put(name, set, this.#members)
    for (const member of this.#members) member.post({ type: 'set', name, published })
  }

  /** No operation that is run after this call sees a set under this name. */
  withdraw(name: string): void {
    this.#sets.retire(name, this.#members)
    for (const member of this.#members) member.post({ type: 'unset', name })
  }

  /** Gives the memory of a set back that was never published. */
  discard(set: ParameterSet): void {
    this.#leastBusy()?.post({ type: 'release', set })
  }

  /** Lets the workers end; what is still under way fails with LSTM_ERR_WORKER_LOST. */
  async close(): Promise<void> {
    this.#closing = true
    await Promise.all([...this.#members].map((member) => member.end()))
  }

  #leastBusy(): Member | undefined {
    let best: Member | undefined
    for (const member of this.#members) {
      if (member.ready && (best === undefined || member.load < best.load)) best = member
    }
    return best
  }

  /** Resolves when the new worker is ready, rejects when it ends before that. */
  #add(slot: number): Promise<void> {
    const { limits, workers, workerUrl, onFault } = this.#options
    const data = {
      limits,
      kernel: this.#kernel,
      sets: this.#sets.byName,
      workers,
      rowCounts: this.#rowCounts[slot].memory
    }
    return new Promise((resolve, reject) => {
      const member = new Member(slot, workerUrl, this.#bodySlotMemory, data, {
        onMessage: (member, message) => {
          if (message.type === 'ready') {
            member.ready = true
            resolve()
          } else {
            this.#receive(member, message)
          }
        },
        onAnswer: (id, answer) => {
          const waiting = this.#over(id)
          if (waiting === undefined) answer.free()
          else waiting.resolve(answer as never)
        },
        onError: (error) => onFault('a worker failed', String(error.stack ?? error)),
        onExit: (member) => {
          this.#remove(member)
          reject(new LstmError('LSTM_ERR_WORKER_LOST', []))
        }
      })
      this.#members.add(member)
    })
  }

  #receive(member: Member, message: Exclude<FromWorker, typeof LOOK | { type: 'ready' }>): void {
    switch (message.type) {
      case 'idle':
        this.#sets.letGo(message.handle, member)
        break
      case 'share':
        this.#parts.give(member, message.id, message.part, this.#members)
        break
      case 'part-ended':
        this.#parts.ended(message.id, message.outcome)
        break
      default:
        this.#settle(message)
    }
  }

  /** The operation is over, whichever way. */
  #over(id: number): Pending | undefined {
    const waiting = this.#pending.get(id)
    if (waiting === undefined) return undefined
    this.#pending.delete(id)
    waiting.member.load -= waiting.load
    this.#restartMs = RESTART_MS
    return waiting
  }

  #settle(message: Extract<FromWorker, { type: 'done' | 'failed' | 'fault' }>): void {
    const waiting = this.#over(message.id)
    if (waiting === undefined) return
    if (message.type === 'done') {
      const { result } = message
      waiting.resolve(('timing' in result ? { ...result, free: () => {} } : result) as never)
    } else if (message.type === 'failed') {
      waiting.reject(LstmError.deserialize(message.error))
    } else {
      this.#options.onFault('an operation failed', message.stack)
      waiting.reject(new LstmError('LSTM_ERR_INTERNAL', []))
    }
  }

  #remove(member: Member): void {
    this.#members.delete(member)
    this.#sets.forget(member)
    this.#parts.forget(member)
    for (const [id, waiting] of this.#pending) {
      if (waiting.member !== member) continue
      this.#pending.delete(id)
      if (waiting.slot !== undefined) this.#bodySlots.give(waiting.slot)
      waiting.reject(new LstmError('LSTM_ERR_WORKER_LOST', []))
    }
    if (!this.#closing) this.#restart(member.slot)
  }

  #restart(slot: number): void {
    const wait = this.#restartMs
    this.#restartMs = Math.min(2 * wait, RESTART_MAX_MS)
    setTimeout(() => {
      if (this.#closing) return
      this.#restarts++
      this.#add(slot).catch(() => {}) // its exit has been seen to above
    }, wait).unref()
  }
}

/** Bytes that an operation reads or writes, as far as they are known before it. */
function bytesOf(operation: Operation): number {
  if ('body' in operation) return bodyLength(operation.body)
  return operation.kind === 'export' ? operation.set.bytes : 0
}
