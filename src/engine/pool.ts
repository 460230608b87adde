import { LstmError } from '../errors.ts'
import { createEstate, type SharedKernel, shareKernel } from '../kernels/choose.ts'
import type { ParameterSet } from '../parameters/parameter-set.ts'
import type { InferCall } from '../protocols/v2/call.ts'
import type { Admission } from './admission.ts'
import { BACKGROUND_BYTES, Background } from './background.ts'
import { Belongings } from './belongings.ts'
import { Bodies } from './bodies.ts'
import { type Body, isGone } from './body.ts'
import { Executor } from './executor.ts'
import { type Guest, Guests } from './guests.ts'
import { InlinePolicy } from './inline.ts'
import { leastBusy, Member } from './member.ts'
import type {
  Answer,
  BackgroundOperation,
  BackgroundOperationOf,
  FromWorker,
  InferenceKind,
  LOOK,
  MovedResult,
  Operation,
  OperationOf,
  Results
} from './messages.ts'
import { OwnThread } from './own-thread.ts'
import { bytesOf, OPERATION_LOAD, type Pending, type RunOptions, type Work } from './pending.ts'
import type { PoolOptions } from './pool-options.ts'
import { PublishedSets, type SetUser } from './published-sets.ts'
import { Restarts } from './restarts.ts'
import { RowCounts } from './row-counts.ts'
import { SharedCounts } from './shared-counts.ts'
import { SharedParts } from './shared-parts.ts'
import { ThreadData } from './thread-data.ts'
import { WaitingLine } from './waiting-line.ts'

/**
 * The worker threads, seen from the HTTP thread: moves an operation to the worker with the least to do and its
 * result back, tells every worker of new parameter sets, passes parts of wide jobs on, replaces a worker that ended.
 */
export class Pool {
  readonly admission: Admission
  readonly background: Background
  /** The kernel's memory and what goes with it, as every worker has it. */
  readonly sharedKernel: SharedKernel
  /** Rows of each call of the kernel so far, by worker; behind them this thread, then the guests. */
  readonly rowCounts: readonly RowCounts[]
  /** Threads beside the workers that run inferences for themselves. */
  readonly guests: Guests
  readonly #options: PoolOptions
  readonly #counts: SharedCounts
  readonly #threadData: ThreadData
  readonly #members = new Set<Member>()
  readonly #sets = new PublishedSets((set) => this.discard(set))
  readonly #parts = new SharedParts()
  /** Runs short inferences on this thread. */
  readonly #executor: Executor
  readonly #own: OwnThread
  readonly #bodies = new Bodies()
  readonly #pending = new Map<number, Pending>()
  readonly #line = new WaitingLine()
  readonly #belongings: Belongings
  readonly restarts = new Restarts((slot) => {
    this.#add(slot).catch(() => {}) // its exit has been seen to
  })
  #nextId = 0
  #closing = false

  private constructor(options: PoolOptions) {
    this.#options = options
    const { workers, guests = 0, maxPending, maxPendingBytes, wait } = options
    // beside the workers' places, one for this thread, one for that of the background, then those of the guests
    this.#counts = new SharedCounts(workers + 2 + guests)
    this.admission = SharedCounts.admissionOf(this.#counts, workers, options, options.limits.maxRunningValues)
    this.sharedKernel = shareKernel(options.kernel)
    this.#belongings = new Belongings(createEstate(this.sharedKernel))
    this.rowCounts = Array.from({ length: workers + 1 + guests }, () => new RowCounts())
    this.#threadData = new ThreadData({
      limits: options.limits,
      kernel: this.sharedKernel,
      sets: this.#sets.byName,
      runningValues: this.#counts.runningValues
    })
    const inline = { costs: this.#counts.costs, httpSlots: SharedCounts.httpSlots(workers, guests), cores: workers }
    const own = { ...this.#threadData.for(workers, this.rowCounts[workers], 1), ...inline } // nothing that is run here is shared
    this.#executor = new Executor({
      ...own,
      owner: 0,
      onIdle: (handle) => this.#sets.letGo(handle, this.#executor),
      share: () => {},
      offer: () => {}
    })
    this.#own = new OwnThread({
      executor: this.#executor,
      policy: options.inline === false ? undefined : InlinePolicy.of(own, this.admission),
      admission: this.admission,
      onFault: options.onFault
    })
    this.background = new Background({
      start: (events) => {
        const slot = options.workers + 1
        const data = { ...this.#threadData.for(slot, new RowCounts(), 1), sets: new Map(), background: true }
        return new Member(slot, options.workerUrl, this.#bodies.memory, data, events)
      },
      admission: this.admission,
      onResult: (result) => this.#belongings.keep(result),
      onFault: options.onFault,
      onLost: ({ slot, owner }) => {
        this.restarts.count++
        this.#counts.forget(slot)
        this.#belongings.recover(owner)
      }
    })
    this.guests = new Guests({
      lodgingFor: (number) => ({
        ...this.#threadData.for(workers + 2 + number, this.rowCounts[workers + 1 + number], 1), // nor what a guest runs
        admissionLimits: { maxPending, maxPendingBytes, ...(wait && { wait }) },
        admission: this.#counts.admission,
        ...inline
      }),
      letGo: (handle, guest) => this.#sets.letGo(handle, guest),
      left: (guest, { slot, owner }) => {
        this.#sets.forget(guest)
        this.#counts.forget(slot)
        this.#belongings.recover(owner)
      }
    })
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
    return this.sharedKernel.name
  }

  /** Workers that take operations. */
  get workers(): number {
    return this.#ready.length
  }

  get #ready(): Member[] {
    return [...this.#members].filter(({ ready }) => ready)
  }

  /** Of each worker: its number, and how much of the time since the last call it had something to do. */
  busyRatios(): { slot: number; ratio: number }[] {
    return this.#ready.map((member) => ({ slot: member.slot, ratio: member.busyRatio() }))
  }

  /** Operations under way. */
  get pending(): number {
    return this.#pending.size + this.#own.pending + this.background.pending
  }

  /** Nobody waits for the operation any more. */
  #stop(id: number, reason: LstmError): void {
    const waiting = this.#over(id)
    waiting?.member?.post({ type: 'stop', id })
    waiting?.reject(reason)
  }

  /**
   * Runs an inference: here where the policy says so, else on the worker with the least to do.
   * @param call of one of the Open Inference Protocol, unless it stands before its body
   * @throws LSTM_ERR_DEADLINE, LSTM_ERR_CLIENT_GONE, LSTM_ERR_OVERLOADED, LSTM_ERR_SHUTTING_DOWN, LSTM_ERR_WORKER_LOST,
   * LSTM_ERR_INTERNAL, and whatever the inference throws
   */
  async infer(kind: InferenceKind, body: Body, options: RunOptions = {}, call?: InferCall): Promise<Answer> {
    const inference = { kind, body, call }
    const bytes = this.#admitted(inference)
    const runsHere = this.#own.takes(inference, bytes, this.pending)
    const here = runsHere ? await this.#own.infer(inference, bytes, options) : undefined
    if (here !== undefined) return here
    const answer = await this.#start<Answer>(inference, bytes, options)
    this.#own.learn(inference, bytes, answer)
    return answer
  }

  /**
   * Runs an operation beside inferences: a small one on the worker with the least to do, a large one in the background.
   * @throws LSTM_ERR_OVERLOADED, LSTM_ERR_SHUTTING_DOWN, LSTM_ERR_WORKER_LOST, LSTM_ERR_INTERNAL, and whatever the
   * operation throws
   */
  async run<K extends Operation['kind']>(operation: BackgroundOperationOf<K>): Promise<Results[K]> {
    const bytes = this.#admitted(operation)
    const running =
      bytes > BACKGROUND_BYTES
        ? this.background.run(operation, bytes)
        : this.#start<Results[K]>(operation as OperationOf<K>, bytes, {}) // what has an intake is large
    return (await this.#sets.during<MovedResult>(running)) as Results[K]
  }

  /** On a worker, however large: for the start, when nobody waits yet and all may help. */
  async runOnWorker<K extends Operation['kind']>(operation: OperationOf<K>): Promise<Results[K]> {
    return this.#start<Results[K]>(operation, this.#admitted(operation), {})
  }

  /** @returns the bytes that the work is about */
  #admitted(work: Work | BackgroundOperation): number {
    if (this.#closing) throw new LstmError('LSTM_ERR_SHUTTING_DOWN', [])
    const bytes = bytesOf(work)
    this.admission.check(bytes)
    return bytes
  }

  #start<R>(work: Work, bytes: number, { timeoutMs, onStart }: RunOptions): Promise<R> {
    if (this.workers === 0 && this.restarts.hopeless) throw new LstmError('LSTM_ERR_WORKER_LOST', [])
    const id = this.#nextId++
    const load = OPERATION_LOAD + bytes
    return new Promise<R>((resolve, reject) => {
      const waiting: Pending = { work, load, member: undefined, slot: undefined, again: false, resolve, reject }
      this.#pending.set(id, waiting)
      this.admission.begin(bytes)
      if (timeoutMs !== undefined) {
        waiting.timer = setTimeout(() => this.#stop(id, new LstmError('LSTM_ERR_DEADLINE', [timeoutMs])), timeoutMs)
      }
      onStart?.(() => this.#stop(id, new LstmError('LSTM_ERR_CLIENT_GONE', [])))
      const member = leastBusy(this.#members)
      if (member === undefined) this.#line.add(id)
      else this.#give(member, id)
    })
  }

  readonly #give = (member: Member, id: number): void => {
    const waiting = this.#pending.get(id)!
    waiting.member = member
    member.load += waiting.load
    waiting.slot = this.#bodies.send(member, id, waiting.work)
  }

  /**
   * Every operation that is run after this call sees the set under this name. The pool takes the set over: once it
   * has been replaced or withdrawn and no worker uses it any more, its memory is given back.
   */
  publish(name: string, set: ParameterSet): void {
    const published = this.#sets.put(name, set, this.#users)
    this.#executor.sets.publish(name, published)
    for (const each of this.#holders) each.post({ type: 'set', name, published })
  }

  /**
   * No operation that is run after this call sees a set under this name.
   * @param keep its memory stays, for it to be published again or dropped
   */
  withdraw(name: string, keep = false): void {
    if (keep) this.#sets.keep(name)
    this.#sets.retire(name, this.#users)
    this.#executor.sets.withdraw(name)
    for (const each of this.#holders) each.post({ type: 'unset', name })
  }

  /** A set that was kept will not be published again. */
  drop(set: ParameterSet): void {
    this.#sets.drop(set)
  }

  /** Gives the memory of a set back that nobody uses: never published, or used no more. */
  discard(set: ParameterSet): void {
    this.#executor.release(set)
  }

  /** The threads that have views of the sets. */
  get #users(): SetUser[] {
    return [this.#executor, ...this.#holders]
  }

  /** Those of them that are told of changes. */
  get #holders(): (Member | Guest)[] {
    return [...this.#members, ...this.guests.all]
  }

  /** Lets the workers end; what is still under way fails with LSTM_ERR_WORKER_LOST. */
  async close(): Promise<void> {
    this.#closing = true
    this.restarts.cancel()
    for (const id of this.#line.ids) this.#over(id)?.reject(new LstmError('LSTM_ERR_WORKER_LOST', []))
    await Promise.all([this.background.close(), ...[...this.#members].map((member) => member.end())])
  }

  /** Resolves when the new worker is ready, rejects when it ends before that. */
  #add(slot: number): Promise<void> {
    const { workers, workerUrl, onFault } = this.#options
    const data = this.#threadData.for(slot, this.rowCounts[slot], workers)
    return new Promise((resolve, reject) => {
      const member = new Member(slot, workerUrl, this.#bodies.memory, data, {
        onMessage: (member, message) => {
          if (message.type === 'ready') {
            member.ready = true
            resolve()
            this.#line.give(this.#members, this.#give)
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
      case 'offer':
      case 'helped':
      case 'part-ended':
        this.#parts.receive(member, message, this.#members, (stack) => this.#options.onFault('a helper failed', stack))
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
    this.admission.end(waiting.load - OPERATION_LOAD)
    clearTimeout(waiting.timer)
    const { member } = waiting
    if (member === undefined) this.#line.forget(id)
    else member.load -= waiting.load
    if (member?.reserved) this.#line.give(this.#members, this.#give)
    this.restarts.worked()
    return waiting
  }

  /** Runs an operation for a second time that had a fault of ours, or none but its worker's end. @returns whether it does */
  #again(id: number, waiting: Pending | undefined): boolean {
    if (waiting === undefined || waiting.again || this.#closing) return false
    if ('body' in waiting.work && isGone(waiting.work.body)) return false
    const { member } = waiting
    if (member !== undefined) member.load -= waiting.load
    Object.assign(waiting, { again: true, member: undefined, slot: undefined } satisfies Partial<Pending>)
    this.#line.addAgain(id)
    this.#line.give(this.#members, this.#give)
    return true
  }

  #settle(message: Extract<FromWorker, { type: 'done' | 'failed' | 'fault' }>): void {
    if (message.type === 'fault') this.#options.onFault('an operation failed', message.stack)
    const lost = message.type === 'failed' && message.error.code === 'LSTM_ERR_WORKER_LOST' // with a part of it
    if ((message.type === 'fault' || lost) && this.#again(message.id, this.#pending.get(message.id))) return
    const waiting = this.#over(message.id)
    if (message.type === 'done') {
      this.admission.answered()
      const { result } = message
      if (!('timing' in result)) this.#belongings.keep(result)
      waiting?.resolve(('timing' in result ? { ...result, free: () => {} } : result) as never)
    } else if (message.type === 'failed') {
      waiting?.reject(LstmError.deserialize(message.error))
    } else {
      waiting?.reject(new LstmError('LSTM_ERR_INTERNAL', []))
    }
  }

  #remove(member: Member): void {
    this.#members.delete(member)
    this.#sets.forget(member)
    this.#counts.forget(member.slot)
    this.#parts.forget(member, () => this.#belongings.recover(member.owner))
    for (const [id, waiting] of this.#pending) {
      if (waiting.member !== member) continue
      this.#bodies.lost(id, waiting.slot)
      if (this.#again(id, waiting)) continue
      this.#over(id)
      waiting.reject(new LstmError('LSTM_ERR_WORKER_LOST', []))
    }
    if (!this.#closing) this.restarts.schedule(member.slot)
  }
}
