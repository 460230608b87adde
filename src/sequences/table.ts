import { LstmError } from '../errors.ts'
import { Expired } from './expired.ts'
import { type SequenceId, shownId } from './sequence-id.ts'
import { type Block, bytesOfBlock, StateMemory } from './state-memory.ts'
import { Turns, type WhenGone } from './turns.ts'

export interface SequenceLimits {
  readonly maxSequences: number
  /** Of all states together. */
  readonly maxSequenceBytes: number
  readonly sequenceIdleMs: number
}

/** Which sequence: ids of one model are none of another's. */
export interface SequenceKey extends SequenceId {
  readonly model: string
}

/** What a sequence has reached. */
export interface Reached {
  /** Columns. */
  readonly m: number
  /** As state-head.ts says; to be read before anything is waited for. */
  readonly state: Uint8Array
}

interface Sequence extends SequenceKey {
  readonly m: number
  readonly block: Block
  /** Milliseconds since 1970. */
  lastUse: number
}

/** One of the table, as it is shown. */
export interface LiveSequence extends SequenceKey, Reached {
  readonly lastUse: number
  readonly idleMsLeft: number
}

/** Between two looks for sequences that have expired, at least and at most. */
const LEAST_SWEEP_MS = 20
const MOST_SWEEP_MS = 60_000

/** Milliseconds since 1970 that only ever go forward: nothing expires because somebody has set the clock. */
const now = () => performance.timeOrigin + performance.now()

/**
 * The sequences that are running, each with the state after its last request. A state is replaced when the answer that
 * goes with the new one is there: a request that failed leaves all as it was.
 */
export class SequenceTable {
  readonly #limits: SequenceLimits
  readonly #memory = new StateMemory()
  /** In the order of their last use. */
  readonly #live = new Map<string, Sequence>()
  readonly #turns = new Turns()
  readonly #expired = new Expired()
  /** Under way that are to become live. */
  #starting = 0
  #refused = 0
  #sweep: NodeJS.Timeout | undefined

  constructor(limits: SequenceLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#live.size
  }

  /** Of all states. */
  get bytes(): number {
    return this.#memory.bytes
  }

  /** Sequences that have expired so far. */
  get expired(): number {
    return this.#expired.count
  }

  /** Requests refused so far for want of room. */
  get refused(): number {
    return this.#refused
  }

  /** Those of a model, in no order. */
  *of(model: string): Generator<LiveSequence> {
    this.#expire()
    for (const sequence of this.#live.values()) if (sequence.model === model) yield this.#shown(sequence)
  }

  /**
   * Makes one request of a sequence when its turn comes.
   * @param compute is given what the sequence goes on from, if it does not begin; its answer says what was reached
   * @throws LSTM_ERR_SEQUENCE_START, LSTM_ERR_SEQUENCE_EXPIRED, LSTM_ERR_SEQUENCES_FULL, what `whenGone` says, and what
   * `compute` throws; the sequence is as it was then
   */
  step<A extends Reached>(
    key: SequenceKey,
    { start, end }: { readonly start: boolean; readonly end: boolean },
    compute: (from: Reached | undefined) => Promise<A>,
    whenGone?: WhenGone
  ): Promise<A> {
    return this.inTurn(
      key,
      async () => {
        const from = start ? undefined : this.#running(key)
        if (end) {
          const answer = await compute(from)
          this.end(key)
          return answer
        }
        return this.#withRoom(key, async () => {
          const answer = await compute(from)
          this.#put(key, answer)
          return answer
        })
      },
      whenGone
    )
  }

  /** Does something with a sequence when no request of it is under way any more that came before. */
  inTurn<T>(key: SequenceKey, work: () => Promise<T>, whenGone?: WhenGone): Promise<T> {
    const text = textOf(key)
    this.#expire()
    this.#touch(text)
    return this.#turns.take(text, work, whenGone)
  }

  /** To be called in turn. @throws LSTM_ERR_SEQUENCE_NOT_FOUND */
  get(key: SequenceKey): LiveSequence {
    const sequence = this.#live.get(textOf(key))
    if (sequence === undefined) throw new LstmError('LSTM_ERR_SEQUENCE_NOT_FOUND', [shownId(key), key.model])
    return this.#shown(sequence)
  }

  /** Sets what a sequence has reached, which may begin with that. To be called in turn. @throws LSTM_ERR_SEQUENCES_FULL */
  async place(key: SequenceKey, reached: Reached): Promise<void> {
    await this.#withRoom(key, async () => this.#put(key, reached))
  }

  #put({ model, type, id }: SequenceKey, { m, state }: Reached): void {
    const text = textOf({ model, type, id })
    const { maxSequenceBytes } = this.#limits
    let block = this.#live.get(text)?.block
    if (block?.length !== state.length) {
      const grows = state.length - (block?.length ?? 0)
      if (this.bytes + grows > maxSequenceBytes) {
        throw this.#full('the bytes of all states', maxSequenceBytes, 'LSTM_MAX_SEQUENCE_BYTES')
      }
      if (block !== undefined) this.#memory.give(block)
      block = this.#memory.take(state.length)
    }
    bytesOfBlock(block).set(state)
    this.#live.delete(text)
    this.#live.set(text, { model, type, id, m, block, lastUse: now() })
    this.#expired.forget(text)
    this.#sweepLater()
  }

  /** To be called in turn. @returns whether there was one */
  end(key: SequenceKey): boolean {
    const text = textOf(key)
    this.#expired.forget(text)
    return this.#drop(text)
  }

  /** No timer is left. */
  close(): void {
    clearTimeout(this.#sweep)
  }

  #running(key: SequenceKey): Reached {
    const text = textOf(key)
    const sequence = this.#live.get(text)
    if (sequence !== undefined) return { m: sequence.m, state: bytesOfBlock(sequence.block) }
    const when = this.#expired.when(text)
    if (when === undefined) throw new LstmError('LSTM_ERR_SEQUENCE_START', [key.model, shownId(key)])
    const args = [shownId(key), key.model, new Date(when).toISOString(), this.#limits.sequenceIdleMs] as const
    throw new LstmError('LSTM_ERR_SEQUENCE_EXPIRED', [...args])
  }

  /** Keeps a place free for a sequence that begins while its first request is under way. */
  async #withRoom<T>(key: SequenceKey, work: () => Promise<T>): Promise<T> {
    if (this.#live.has(textOf(key))) return work()
    this.#checkNumber()
    this.#starting++
    try {
      return await work()
    } finally {
      this.#starting--
    }
  }

  #checkNumber(): void {
    const { maxSequences } = this.#limits
    if (this.#live.size + this.#starting >= maxSequences) {
      throw this.#full('the running sequences', maxSequences, 'LSTM_MAX_SEQUENCES')
    }
  }

  #full(what: string, limit: number, setting: string): LstmError {
    this.#refused++
    return new LstmError('LSTM_ERR_SEQUENCES_FULL', [what, limit, setting])
  }

  #drop(text: string): boolean {
    const sequence = this.#live.get(text)
    if (sequence === undefined) return false
    this.#live.delete(text)
    this.#memory.give(sequence.block)
    return true
  }

  #touch(text: string): void {
    const sequence = this.#live.get(text)
    if (sequence === undefined) return
    sequence.lastUse = now()
    this.#live.delete(text)
    this.#live.set(text, sequence)
  }

  #expire(): void {
    const time = now()
    for (const [text, { lastUse }] of this.#live) {
      const end = lastUse + this.#limits.sequenceIdleMs
      if (end > time) return
      if (this.#turns.taken(text)) {
        this.#touch(text)
        continue
      }
      this.#drop(text)
      this.#expired.add(text, end)
    }
  }

  #sweepLater(): void {
    if (this.#sweep !== undefined || this.#live.size === 0) return
    const [oldest] = this.#live.values()
    const wait = oldest.lastUse + this.#limits.sequenceIdleMs - now()
    this.#sweep = setTimeout(
      () => {
        this.#sweep = undefined
        this.#expire()
        this.#sweepLater()
      },
      Math.min(MOST_SWEEP_MS, Math.max(LEAST_SWEEP_MS, wait))
    ).unref()
  }

  #shown({ block, ...sequence }: Sequence): LiveSequence {
    const idleMsLeft = Math.max(0, sequence.lastUse + this.#limits.sequenceIdleMs - now())
    return { ...sequence, state: bytesOfBlock(block), idleMsLeft }
  }
}

/** A model's name has no line end. */
function textOf({ model, type, id }: SequenceKey): string {
  return `${model}\n${type === 'number' ? '#' : '"'}${id}`
}
