import { LstmError } from '../errors.ts'
import { type KernelSetting, type SharedKernel, shareKernel } from '../kernels/choose.ts'
import type { ParameterSet } from '../parameters/parameter-set.ts'
import { type Body, bodyLength, joined, joinInto } from './body.ts'
import { Executor, stackOf } from './executor.ts'
import { InlinePolicy } from './inline.ts'
import type { Limits } from './limits.ts'
import { Member } from './member.ts'
import {
  type Answer,
  type FromWorker,
  type InferenceKind,
  inferenceKinds,
  type LOOK,
  type MovedOperation,
  type Operation,
  type OperationOf,
  type Results
} from './messages.ts'
import { PublishedSets, type SetUser } from './published-sets.ts'
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
  /** Whether short inferences are run on this thread; true if left out. */
  readonly inline?: boolean
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
  /** Runs short inferences on this thread. */
  readonly #executor: Executor
  readonly #inline: InlinePolicy | undefined
  #pendingHere = 0
  readonly #bodySlotMemory = createSlotMemory()
  readonly #bodySlots = new Slots(this.#bodySlotMemory)
  readonly #pending = new Map<number, Pending>()
  #nextId = 0
  #closing = false
  #restartMs = RESTART_MS

  private constructor(options: PoolOptions) {
    this.#options = options
    this.#kernel = shareKernel(options.kernel)
    this.#inline = options.inline === false ? undefined : new InlinePolicy()
    this.#executor = new Executor({
      kernel: this.#kernel,
      limits: options.limits,
      sets: new Map(),
      workers: 1, // what is run here is short
      onIdle: (handle) => this.#sets.letGo(handle, this.#executor),
      share: () => {}
    })
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
    return this.#pending.size + this.#pendingHere
  }

  /**
   * Runs an inference: here when it is short, else on the worker with the least to do.
   * @throws LSTM_ERR_OVERLOADED, LSTM_ERR_SHUTTING_DOWN, LSTM_ERR_WORKER_LOST, LSTM_ERR_INTERNAL, and whatever the
   * inference throws
   */
  async infer(kind: InferenceKind, body: Body): Promise<Answer> {
    this.#expectRoom()
    const bytes = bodyLength(body)
    const answer = this.#inline?.takes(kind, bytes, this.pending)
      ? await this.#inferHere(kind, body)
      : await this.#hand<Answer>(bytes, (member, id) => this.#sendInference(member, id, kind, body))
    this.#inline?.learn(kind, bytes, answer.timing)
    return answer
  }

  /**
   * Runs an operation on the worker with the least to do.
   * @throws LSTM_ERR_OVERLOADED, LSTM_ERR_SHUTTING_DOWN, LSTM_ERR_WORKER_LOST, LSTM_ERR_INTERNAL, and whatever the
   * operation throws
   */
  async run<K extends Operation['kind']>(operation: OperationOf<K>): Promise<Results[K]> {
    this.#expectRoom()
    const work: Operation = operation
    const bytes = work.kind === 'import' ? bodyLength(work.body) : work.set.bytes
    return this.#hand<Results[K]>(bytes, (member, id) => {
      if (work.kind === 'import') moveBody(member, id, { ...work, body: joined(work.body) })
      else member.post({ type: 'run', id, operation: work })
      return undefined
    })
  }

  #expectRoom(): void {
    if (this.#closing) throw new LstmError('LSTM_ERR_SHUTTING_DOWN', [])
    const { maxPending } = this.#options
    if (this.pending >= maxPending) throw new LstmError('LSTM_ERR_OVERLOADED', [maxPending])
  }

  async #inferHere(kind: InferenceKind, body: Body): Promise<Answer> {
    this.#pendingHere++
    try {
      const { bytes, timing } = await this.#executor.infer(kind, body.length === 1 ? body[0] : joined(body))
      return { bytes, timing, free: () => {} }
    } catch (error) {
      if (error instanceof LstmError) throw error
      throw this.#fault(stackOf(error))
    } finally {
      this.#pendingHere--
    }
  }

  /** @param send gives the work to the worker, and says in which slot its body lies */
  #hand<R>(bytes: number, send: (member: Member, id: number) => number | undefined): Promise<R> {
    const member = this.#leastBusy()
    if (member === undefined) throw new LstmError('LSTM_ERR_WORKER_LOST', [])
    const id = this.#nextId++
    const load = OPERATION_LOAD + bytes
    const slot = send(member, id)
    member.load += load
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { member, load, slot, resolve, reject })
    })
  }

  #sendInference(member: Member, id: number, kind: InferenceKind, body: Body): number | undefined {
    const bytes = bodyLength(body)
    const slot = this.#bodySlots.take(bytes)
    if (slot !== undefined) {
      joinInto(body, this.#bodySlots.bytes(slot, bytes))
      if (member.infer(id, inferenceKinds.indexOf(kind), slot, bytes)) return slot
      this.#bodySlots.give(slot)
    }
    moveBody(member, id, { kind, body: joined(body) })
    return undefined
  }

  #fault(stack: string): LstmError {
    this.#options.onFault('an operation failed', stack)
    return new LstmError('LSTM_ERR_INTERNAL', [])
  }

  /**
   * Every operation that is run after this call sees the set under this name. The pool takes the set over: once it
   * has been replaced or withdrawn and no worker uses it any more, its memory is given back.
   */
  publish(name: string, set: ParameterSet): void {
    const published = this.#sets.put(name, set, this.#users)
    this.#executor.sets.publish(name, published)
    for (const member of this.#members) member.post({ type: 'set', name, published })
  }

  /** No operation that is run after this call sees a set under this name. */
  withdraw(name: string): void {
    this.#sets.retire(name, this.#users)
    this.#executor.sets.withdraw(name)
    for (const member of this.#members) member.post({ type: 'unset', name })
  }

  /** Gives the memory of a set back that nobody uses: never published, or used no more. */
  discard(set: ParameterSet): void {
    this.#executor.release(set)
  }

  /** The threads that have views of the sets. */
  get #users(): SetUser[] {
    return [this.#executor, ...this.#members]
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
  #add(): Promise<void> {
    const { limits, workers, workerUrl, onFault } = this.#options
    const data = { limits, kernel: this.#kernel, sets: this.#sets.byName, workers }
    return new Promise((resolve, reject) => {
      const member = new Member(workerUrl, this.#bodySlotMemory, data, {
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
      waiting.reject(this.#fault(message.stack))
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

/** Posts an operation; its body moves with it. */
function moveBody(member: Member, id: number, operation: Exclude<MovedOperation, { kind: 'export' }>): void {
  member.post({ type: 'run', id, operation }, [operation.body.buffer as ArrayBuffer])
}
