import type { Admission } from '../engine/admission.ts'
import { type Body, bodyLength } from '../engine/body.ts'
import { type Deadline, Deadlines } from '../engine/deadlines.ts'
import { Executor } from '../engine/executor.ts'
import type { Lodging } from '../engine/guests.ts'
import { InlinePolicy } from '../engine/inline.ts'
import type { Answer, InferenceKind } from '../engine/messages.ts'
import { inferOnThread } from '../engine/own-thread.ts'
import type { RunOptions } from '../engine/pending.ts'
import type { Pool } from '../engine/pool.ts'
import { SharedCounts } from '../engine/shared-counts.ts'
import { LstmError } from '../errors.ts'
import type { InferCall } from '../protocols/v2/call.ts'
import type { Handover } from './handover.ts'

/** What routes and plugins of hot requests use of a pool. */
type HotPool = Pick<Pool, 'admission' | 'infer' | 'kernel'>

/** The pool of a front: runs what it takes on its own thread, over the memory and the sets of the main thread's pool. */
export class FrontPool implements HotPool {
  readonly admission: Admission
  readonly kernel: string
  readonly executor: Executor
  readonly #inline: InlinePolicy
  readonly #catchUp: () => void
  readonly #handover: Pick<Handover, 'infer'>
  readonly #deadlines = new Deadlines()
  #pending = 0
  #nextId = 0

  /**
   * @param catchUp handles the changes of sets that have been posted
   * @param handover runs what is not short
   */
  constructor(
    lodging: Lodging,
    onIdle: (handle: number) => void,
    catchUp: () => void,
    handover: Pick<Handover, 'infer'>
  ) {
    const { slot, admissionLimits, limits } = lodging
    this.admission = SharedCounts.admissionOf(lodging, slot, admissionLimits, limits.maxRunningValues)
    this.kernel = lodging.kernel.name
    this.executor = new Executor({ ...lodging, onIdle, share: () => {}, offer: () => {} })
    this.#inline = InlinePolicy.of(lodging, this.admission)
    this.#catchUp = catchUp
    this.#handover = handover
  }

  /**
   * Runs an inference: here when it is short, else in the main thread's pool.
   * @throws LSTM_ERR_DEADLINE, LSTM_ERR_CLIENT_GONE, LSTM_ERR_OVERLOADED, and whatever the inference throws
   */
  infer(kind: InferenceKind, body: Body, options: RunOptions = {}, call?: InferCall): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      const bytes = bodyLength(body)
      this.admission.check(bytes)
      if (!this.#inline.takes(kind, bytes, this.#pending)) {
        resolve(this.#handover.infer(kind, body, options, call))
        return
      }
      const { timeoutMs, onStart } = options
      this.#catchUp()
      const id = this.#nextId++
      this.#pending++
      this.admission.begin(bytes)
      let deadline: Deadline | undefined
      let over = false
      const end = (): void => {
        over = true
        if (deadline !== undefined) this.#deadlines.callOff(deadline)
        this.#pending--
        this.admission.end(bytes)
      }
      const stop = (reason: LstmError): void => {
        if (over) return
        this.executor.stop(id)
        end()
        reject(reason)
      }
      if (timeoutMs !== undefined) {
        deadline = this.#deadlines.add(timeoutMs, () => stop(new LstmError('LSTM_ERR_DEADLINE', [timeoutMs])))
      }
      onStart?.(() => stop(new LstmError('LSTM_ERR_CLIENT_GONE', [])))
      inferOnThread(this.executor, { kind, body, call }, id).then(
        (answer) => {
          this.executor.forget(id)
          this.#inline.learn(kind, bytes, answer.timing)
          if (over) {
            answer.free()
            return
          }
          end()
          this.admission.answered()
          resolve(answer)
        },
        (error: Error) => {
          this.executor.forget(id)
          if (over) return
          end()
          reject(error)
        }
      )
    })
  }
}
