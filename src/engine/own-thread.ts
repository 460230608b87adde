import { LstmError } from '../errors.ts'
import type { Admission } from './admission.ts'
import { type Body, joined, staged } from './body.ts'
import { type Executor, stackOf } from './executor.ts'
import type { InlinePolicy } from './inline.ts'
import type { Answer, InferenceKind } from './messages.ts'

export interface OwnThreadOptions {
  readonly executor: Executor
  /** What is run here; nothing if left out. */
  readonly policy: InlinePolicy | undefined
  readonly admission: Admission
  readonly onFault: (reason: string, details: string) => void
}

const nothing = (): void => {}

/** Runs an inference whose body came as pieces on the thread that this is called on. @param id by which it can be stopped */
export async function inferOnThread(executor: Executor, kind: InferenceKind, body: Body, id?: number): Promise<Answer> {
  const whole = body.length === 1 ? body[0] : (staged(body) ?? joined(body))
  const { bytes, jsonBytes, stateBytes, m, executions, timing, release } = await executor.infer(kind, whole, id)
  return { bytes, jsonBytes, stateBytes, m, executions, timing, free: release ?? nothing }
}

/** The pool's own thread, as far as it runs inferences itself. */
export class OwnThread {
  readonly #options: OwnThreadOptions
  #pending = 0

  constructor(options: OwnThreadOptions) {
    this.#options = options
  }

  /** Inferences under way. */
  get pending(): number {
    return this.#pending
  }

  /** @param underWay how many operations are, on all threads */
  takes(kind: InferenceKind, bytes: number, underWay: number): boolean {
    return this.#options.policy?.takes(kind, bytes, underWay) ?? false
  }

  /** @returns nothing when it met a fault: it is run a second time then, on a worker */
  async infer(kind: InferenceKind, body: Body, bytes: number): Promise<Answer | undefined> {
    const { executor, admission, onFault } = this.#options
    this.#pending++
    admission.begin(bytes)
    try {
      const answer = await inferOnThread(executor, kind, body)
      admission.answered()
      return answer
    } catch (error) {
      if (error instanceof LstmError) throw error
      onFault('an operation failed', stackOf(error))
      return undefined
    } finally {
      this.#pending--
      admission.end(bytes)
    }
  }

  /** What an inference has taken, wherever it was run. */
  learn(kind: InferenceKind, bytes: number, { timing }: Answer): void {
    this.#options.policy?.learn(kind, bytes, timing)
  }
}
