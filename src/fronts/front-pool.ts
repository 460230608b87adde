import { Admission } from '../engine/admission.ts'
import { type Body, bodyLength } from '../engine/body.ts'
import { CostModel } from '../engine/cost-model.ts'
import { Executor } from '../engine/executor.ts'
import type { Lodging } from '../engine/guests.ts'
import { InlinePolicy, threadPerCore } from '../engine/inline.ts'
import type { Answer, InferenceKind } from '../engine/messages.ts'
import { inferOnThread } from '../engine/own-thread.ts'
import type { RunOptions } from '../engine/pending.ts'
import type { Pool } from '../engine/pool.ts'
import { RunningValues } from '../engine/running-values.ts'
import { LstmError } from '../errors.ts'
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
    const running = new RunningValues(lodging.runningValues, lodging.slot, lodging.limits.maxRunningValues)
    this.admission = new Admission(lodging.admissionLimits, lodging.admission, lodging.slot, running)
    this.kernel = lodging.kernel.name
    this.executor = new Executor({ ...lodging, onIdle, share: () => {}, offer: () => {} })
    this.#inline = new InlinePolicy(threadPerCore, new CostModel(lodging.costs))
    this.#catchUp = catchUp
    this.#handover = handover
  }

  /**
   * Runs an inference: here when it is short, else in the main thread's pool.
   * @throws LSTM_ERR_DEADLINE, LSTM_ERR_CLIENT_GONE, LSTM_ERR_OVERLOADED, and whatever the inference throws
   */
  async infer(kind: InferenceKind, body: Body, options: RunOptions = {}): Promise<Answer> {
    const bytes = bodyLength(body)
    this.admission.check(bytes)
    if (!this.#inline.takes(kind, bytes, this.#pending)) return this.#handover.infer(kind, body, options)
    const { timeoutMs, onStart } = options
    this.#catchUp()
    const id = this.#nextId++
    this.#pending++
    this.admission.begin(bytes)
    let timer: NodeJS.Timeout | undefined
    try {
      return await new Promise<Answer>((resolve, reject) => {
        let stopped = false
        const stop = (reason: LstmError) => {
          stopped = true
          this.executor.stop(id)
          reject(reason)
        }
        if (timeoutMs !== undefined) {
          timer = setTimeout(() => stop(new LstmError('LSTM_ERR_DEADLINE', [timeoutMs])), timeoutMs)
        }
        onStart?.(() => stop(new LstmError('LSTM_ERR_CLIENT_GONE', [])))
        this.#run(kind, body, bytes, id).then((answer) => {
          if (stopped) {
            answer.free()
            return
          }
          this.admission.answered()
          resolve(answer)
        }, reject)
      })
    } finally {
      clearTimeout(timer)
      this.#pending--
      this.admission.end(bytes)
    }
  }

  async #run(kind: InferenceKind, body: Body, bodyBytes: number, id: number): Promise<Answer> {
    try {
      const answer = await inferOnThread(this.executor, kind, body, id)
      this.#inline.learn(kind, bodyBytes, answer.timing)
      return answer
    } finally {
      this.executor.forget(id)
    }
  }
}
