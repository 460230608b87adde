import { LstmError } from '../errors.ts'
import { alignmentOf, type InferCall, type ReceivedCall, receivedHere } from '../protocols/v2/call.ts'
import type { Admission } from './admission.ts'
import { type Body, joined, staged } from './body.ts'
import { type Executor, stackOf } from './executor.ts'
import type { InlinePolicy } from './inline.ts'
import type { Answer, Inference } from './messages.ts'

export interface OwnThreadOptions {
  readonly executor: Executor
  /** What is run here; nothing if left out. */
  readonly policy: InlinePolicy | undefined
  readonly admission: Admission
  readonly onFault: (reason: string, details: string) => void
}

const nothing = (): void => {}

/** Runs an inference whose body came as pieces on the thread that this is called on. @param id by which it can be stopped */
export async function inferOnThread(executor: Executor, { kind, body, call }: Inference, id?: number): Promise<Answer> {
  const { bytes, jsonBytes, stateBytes, m, executions, timing, release } = await (call === undefined
    ? executor.infer(kind, body.length === 1 ? body[0] : (staged(body) ?? joined(body)), id)
    : executor.inferCall(here(call, body), id))
  return { bytes, jsonBytes, stateBytes, m, executions, timing, free: release ?? nothing }
}

/** The body is copied once, even if it is in one piece: its tensors seldom begin where they can be used as they lie. */
function here(call: InferCall, body: Body): ReceivedCall {
  return receivedHere(call, staged(body, alignmentOf(call)) ?? joined(body))
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
  takes({ kind }: Inference, bytes: number, underWay: number): boolean {
    return this.#options.policy?.takes(kind, bytes, underWay, this.#pending) ?? false
  }

  /** @returns nothing when it met a fault: it is run a second time then, on a worker */
  async infer(inference: Inference, bytes: number): Promise<Answer | undefined> {
    const { executor, admission, onFault } = this.#options
    this.#pending++
    admission.begin(bytes)
    try {
      const answer = await inferOnThread(executor, inference)
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
  learn({ kind }: Inference, bytes: number, { timing }: Answer): void {
    this.#options.policy?.learn(kind, bytes, timing)
  }
}
