import { LstmError } from '../errors.ts'
import type { Admission } from './admission.ts'
import { given, isGone } from './body.ts'
import { Intake } from './intake.ts'
import type { Member, MemberEvents } from './member.ts'
import type { BackgroundOperation, FromWorker, LOOK, MovedResult } from './messages.ts'

/** To import or export more than this takes longer than an inference should wait: several milliseconds. */
export const BACKGROUND_BYTES = 256 * 1024

/** How long the thread stays when nothing more comes: its start takes some 50 ms, its memory is some 20 MB. */
const IDLE_MS = 30_000

export interface BackgroundOptions {
  /** Starts the thread. */
  readonly start: (events: MemberEvents) => Member
  readonly admission: Admission
  /** Told of every result before its operation resolves. */
  readonly onResult: (result: MovedResult) => void
  /** Told of a fault that no client caused. */
  readonly onFault: (reason: string, details: string) => void
  /** Told of a thread that ended before it should. */
  readonly onLost: (member: Member) => void
  readonly idleMs?: number
}

interface Waiting {
  readonly operation: BackgroundOperation
  again: boolean
  readonly resolve: (result: MovedResult) => void
  readonly reject: (error: Error) => void
}

/**
 * The thread for what takes long: imports and exports of large sets. On a worker each would hold up every inference
 * there for as long as it takes. It steps back for the workers and runs one operation after the other, so that they need
 * the memory of one. The first one starts it, and it ends when nothing more comes. When it ends before, what it had runs
 * once more on the next one, but for bodies that have gone with it.
 */
export class Background {
  readonly #options: BackgroundOptions
  readonly #waiting: Waiting[] = []
  /** The first of those waiting has been sent, as this number. */
  #sent: number | undefined
  #nextId = 0
  /** Large bodies that somebody may still send or have read. */
  #intakes = 0
  #member: Member | undefined
  #ready = false
  #idle: NodeJS.Timeout | undefined
  #closing = false

  constructor(options: BackgroundOptions) {
    this.#options = options
  }

  /** Operations under way. */
  get pending(): number {
    return this.#waiting.length
  }

  /**
   * @param bytes that the operation is about
   * @throws LSTM_ERR_WORKER_LOST, LSTM_ERR_INTERNAL, and whatever the operation throws
   */
  async run(operation: BackgroundOperation, bytes: number): Promise<MovedResult> {
    const { admission } = this.#options
    admission.begin(bytes)
    try {
      const result = await new Promise<MovedResult>((resolve, reject) => {
        this.#waiting.push({ operation, again: false, resolve, reject })
        this.#next()
      })
      admission.answered()
      return result
    } finally {
      admission.end(bytes)
    }
  }

  /**
   * A place for a large body that arrives; `drop` has to be called on it.
   * @param declared how many bytes will come, where that is known
   */
  intake(declared: number | undefined): Intake {
    clearTimeout(this.#idle)
    this.#intakes++
    return new Intake(this.#nextId++, this.#started(), declared, () => {
      this.#intakes--
      this.#next()
    })
  }

  /** Lets the thread end after what it has begun; what has not been begun fails with LSTM_ERR_WORKER_LOST. */
  async close(): Promise<void> {
    this.#closing = true
    clearTimeout(this.#idle)
    for (const { reject } of this.#waiting.splice(this.#sent === undefined ? 0 : 1)) reject(lost())
    await this.#member?.end()
  }

  #started(): Member {
    this.#member ??= this.#options.start(this.#events)
    return this.#member
  }

  #next(): void {
    if (this.#closing) return
    clearTimeout(this.#idle)
    const [first] = this.#waiting
    if (first === undefined) {
      if (this.#intakes > 0 || this.#member === undefined) return
      this.#idle = setTimeout(() => this.#letGo(), this.#options.idleMs ?? IDLE_MS).unref()
      return
    }
    const member = this.#started()
    if (!this.#ready || this.#sent !== undefined) return
    if (isLost(first.operation, member)) {
      this.#over()?.reject(lost())
      this.#next()
      return
    }
    this.#sent = this.#nextId++
    send(member, this.#sent, first.operation)
  }

  #letGo(): void {
    void this.#member?.end()
    this.#member = undefined
    this.#ready = false
  }

  readonly #events: MemberEvents = {
    onMessage: (member, message) => {
      if (member !== this.#member) return
      if (message.type === 'ready') {
        this.#ready = true
        this.#next()
      } else this.#receive(message)
    },
    onAnswer: (_, { free }) => free(), // no inference is sent there
    onError: (error) => this.#options.onFault('the background thread failed', String(error.stack ?? error)),
    onExit: (member) => {
      if (member !== this.#member) return // it was let go
      this.#member = undefined
      this.#ready = false
      this.#options.onLost(member)
      this.#failed(lost())
    }
  }

  #receive(message: Exclude<FromWorker, typeof LOOK | { type: 'ready' }>): void {
    if (!('id' in message) || message.id !== this.#sent) return
    if (message.type === 'fault') {
      this.#options.onFault('an operation failed', message.stack)
      this.#failed(new LstmError('LSTM_ERR_INTERNAL', []))
      return
    }
    if (message.type === 'done') {
      this.#options.onResult(message.result)
      this.#over()?.resolve(message.result)
    } else if (message.type === 'failed') this.#over()?.reject(LstmError.deserialize(message.error))
    this.#next()
  }

  /** The one under way had a fault of ours, or its thread ended. */
  #failed(error: LstmError): void {
    const [first] = this.#waiting
    this.#sent = undefined
    if (first !== undefined && !this.#closing && !first.again && mayRepeat(first.operation)) first.again = true
    else this.#over()?.reject(error)
    this.#next()
  }

  #over(): Waiting | undefined {
    this.#sent = undefined
    return this.#waiting.shift()
  }
}

function send(member: Member, id: number, operation: BackgroundOperation): void {
  if (!('body' in operation)) {
    member.post({ type: 'run', id, operation })
  } else if (operation.body instanceof Intake) {
    const { body, ...rest } = operation as Extract<BackgroundOperation, { kind: 'import' }> & { body: Intake }
    body.flush()
    member.post({ type: 'run', id, operation: { ...rest, intake: body.id } })
  } else {
    const whole = given(operation.body)
    member.post({ type: 'run', id, operation: { ...operation, body: whole } }, [whole.buffer])
  }
}

/** The body has gone with the thread that had it. */
function isLost(operation: BackgroundOperation, member: Member): boolean {
  return 'body' in operation && operation.body instanceof Intake && operation.body.receiver !== member
}

function mayRepeat(operation: BackgroundOperation): boolean {
  return !('body' in operation && (operation.body instanceof Intake || isGone(operation.body)))
}

function lost(): LstmError {
  return new LstmError('LSTM_ERR_WORKER_LOST', [])
}
