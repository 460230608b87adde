import type { Admission } from '../engine/admission.ts'
import { type Body, bodyLength } from '../engine/body.ts'
import { Executor } from '../engine/executor.ts'
import type { Lodging } from '../engine/guests.ts'
import { InlinePolicy } from '../engine/inline.ts'
import type { Answer, InferenceKind } from '../engine/messages.ts'
import type { RunOptions } from '../engine/pending.ts'
import type { Pool } from '../engine/pool.ts'
import { SharedCounts } from '../engine/shared-counts.ts'
import { ThreadInferences } from '../engine/thread-inferences.ts'
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
  readonly #inferences: ThreadInferences

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
    this.#inferences = new ThreadInferences(this.executor, this.admission, ({ kind }, bytes, { timing }) =>
      this.#inline.learn(kind, bytes, timing)
    )
    this.#catchUp = catchUp
    this.#handover = handover
  }

  /**
   * Runs an inference: here when it is short, else in the main thread's pool.
   * @throws LSTM_ERR_DEADLINE, LSTM_ERR_CLIENT_GONE, LSTM_ERR_OVERLOADED, and whatever the inference throws
   */
  infer(kind: InferenceKind, body: Body, options: RunOptions = {}, call?: InferCall): Promise<Answer> {
    const inference = { kind, body, call }
    const bytes = bodyLength(body)
    try {
      this.admission.check(bytes)
    } catch (error) {
      return Promise.reject(error)
    }
    if (!this.#inline.takes(kind, bytes, this.#inferences.pending)) {
      return this.#handover.infer(kind, body, options, call)
    }
    this.#catchUp()
    return this.#inferences.infer(inference, bytes, options)
  }
}
