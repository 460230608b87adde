import { LstmError } from '../errors.ts'
import type { Admission } from './admission.ts'
import { type Executor, stackOf } from './executor.ts'
import type { InlinePolicy } from './inline.ts'
import type { Answer, Inference } from './messages.ts'
import type { RunOptions } from './pending.ts'
import { ThreadInferences } from './thread-inferences.ts'

export interface OwnThreadOptions {
  readonly executor: Executor
  /** What is run here; nothing if left out. */
  readonly policy: InlinePolicy | undefined
  readonly admission: Admission
  readonly onFault: (reason: string, details: string) => void
}

/** The pool's own thread, as far as it runs inferences itself. */
export class OwnThread {
  readonly #policy: InlinePolicy | undefined
  readonly #onFault: OwnThreadOptions['onFault']
  readonly #inferences: ThreadInferences

  constructor({ executor, policy, admission, onFault }: OwnThreadOptions) {
    this.#policy = policy
    this.#onFault = onFault
    this.#inferences = new ThreadInferences(executor, admission, (...inference) => this.learn(...inference))
  }

  /** Inferences under way. */
  get pending(): number {
    return this.#inferences.pending
  }

  /** @param underWay how many operations are, on all threads */
  takes({ kind }: Inference, bytes: number, underWay: number): boolean {
    return this.#policy?.takes(kind, bytes, underWay, this.pending) ?? false
  }

  /**
   * @returns nothing when it met a fault: it is run a second time then, on a worker
   * @throws LSTM_ERR_DEADLINE, LSTM_ERR_CLIENT_GONE, and whatever the inference throws
   */
  async infer(inference: Inference, bytes: number, options: RunOptions): Promise<Answer | undefined> {
    try {
      return await this.#inferences.infer(inference, bytes, options)
    } catch (error) {
      if (error instanceof LstmError) throw error
      this.#onFault('an operation failed', stackOf(error))
      return undefined
    }
  }

  /** What an inference has taken, wherever it was run. */
  learn({ kind }: Inference, bytes: number, { timing }: Answer): void {
    this.#policy?.learn(kind, bytes, timing)
  }
}
