import type { Answer } from '../engine/messages.ts'
import type { Pool } from '../engine/pool.ts'
import { LstmError } from '../errors.ts'
import type { SequenceRunner } from '../sequences/inferences.ts'
import type { FromFront, ToFront } from './messages.ts'

type Asked = Extract<FromFront, { type: 'infer' | 'stop' | 'free' }>

/** What one front has handed over to the pool, on the main thread. */
export class Entrusted {
  readonly #pool: Pick<Pool, 'infer'>
  readonly #sequences: SequenceRunner
  readonly #post: (message: ToFront) => void
  readonly #onFault: (error: Error) => void
  readonly #stops = new Map<number, () => void>()
  /** Answers whose bytes the front reads. */
  readonly #read = new Map<number, Answer>()
  #ended = false

  constructor(
    pool: Pick<Pool, 'infer'>,
    sequences: SequenceRunner,
    post: (message: ToFront) => void,
    onFault: (error: Error) => void
  ) {
    this.#pool = pool
    this.#sequences = sequences
    this.#post = post
    this.#onFault = onFault
  }

  receive(message: Asked): void {
    switch (message.type) {
      case 'infer':
        void this.#infer(message)
        break
      case 'stop':
        this.#stops.get(message.id)?.()
        break
      case 'free':
        this.#free(message.id)
    }
  }

  /** The front has ended: nobody waits for what it asked, or reads what it was told. */
  end(): void {
    this.#ended = true
    for (const stop of [...this.#stops.values()]) stop()
    for (const id of [...this.#read.keys()]) this.#free(id)
  }

  async #infer({ id, kind, body, timeoutMs, sequence }: Extract<Asked, { type: 'infer' }>): Promise<void> {
    try {
      const onStart = (stop: () => void) => void this.#stops.set(id, stop)
      const options = { timeoutMs, onStart }
      const answer = await (sequence === undefined
        ? this.#pool.infer(kind, [body], options)
        : this.#sequences.infer({ ...sequence, body: [body] }, options))
      if (this.#ended) {
        answer.free()
        return
      }
      const { bytes, jsonBytes, stateBytes, m, executions, timing } = answer
      const told = { jsonBytes, stateBytes, m, executions, timing }
      const shared = bytes.buffer instanceof SharedArrayBuffer
      if (shared) this.#read.set(id, answer)
      // of a view in other memory, all of that would be sent
      this.#post({ type: 'answered', id, answer: { ...told, bytes: shared ? bytes : bytes.slice() } })
      if (!shared) answer.free()
    } catch (error) {
      const known = error instanceof LstmError ? error : new LstmError('LSTM_ERR_INTERNAL', [])
      if (known !== error) this.#onFault(error as Error)
      if (!this.#ended) this.#post({ type: 'failed', id, error: known.serialize() })
    } finally {
      this.#stops.delete(id)
    }
  }

  #free(id: number): void {
    this.#read.get(id)?.free()
    this.#read.delete(id)
  }
}
