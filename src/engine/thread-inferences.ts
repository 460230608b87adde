import { LstmError } from '../errors.ts'
import type { Admission } from './admission.ts'
import { type Deadline, Deadlines } from './deadlines.ts'
import type { Executor } from './executor.ts'
import { inferOnThread } from './infer-on-thread.ts'
import type { Answer, Inference } from './messages.ts'
import type { RunOptions } from './pending.ts'

/** The inferences that a thread which takes requests runs itself: each within its deadline, and while its client is there. */
export class ThreadInferences {
  readonly #executor: Pick<Executor, 'infer' | 'inferCall' | 'stop' | 'forget'>
  readonly #admission: Pick<Admission, 'begin' | 'end' | 'answered'>
  readonly #learn: (inference: Inference, bytes: number, answer: Answer) => void
  readonly #deadlines = new Deadlines()
  #pending = 0
  #nextId = 0

  /** @param learn told of each that was computed, what it has taken */
  constructor(
    executor: Pick<Executor, 'infer' | 'inferCall' | 'stop' | 'forget'>,
    admission: Pick<Admission, 'begin' | 'end' | 'answered'>,
    learn: (inference: Inference, bytes: number, answer: Answer) => void
  ) {
    this.#executor = executor
    this.#admission = admission
    this.#learn = learn
  }

  /** How many are under way. */
  get pending(): number {
    return this.#pending
  }

  /** @throws LSTM_ERR_DEADLINE, LSTM_ERR_CLIENT_GONE, and whatever the inference throws */
  infer(inference: Inference, bytes: number, { timeoutMs, onStart }: RunOptions): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      const id = this.#nextId++
      this.#pending++
      this.#admission.begin(bytes)
      let deadline: Deadline | undefined
      let over = false
      const end = (): void => {
        over = true
        if (deadline !== undefined) this.#deadlines.callOff(deadline)
        this.#pending--
        this.#admission.end(bytes)
      }
      const stop = (reason: LstmError): void => {
        if (over) return
        this.#executor.stop(id)
        end()
        reject(reason)
      }
      if (timeoutMs !== undefined) {
        deadline = this.#deadlines.add(timeoutMs, () => stop(new LstmError('LSTM_ERR_DEADLINE', [timeoutMs])))
      }
      onStart?.(() => stop(new LstmError('LSTM_ERR_CLIENT_GONE', [])))
      inferOnThread(this.#executor, inference, id).then(
        (answer) => {
          this.#executor.forget(id)
          this.#learn(inference, bytes, answer)
          if (over) {
            answer.free()
            return
          }
          end()
          this.#admission.answered()
          resolve(answer)
        },
        (error: Error) => {
          this.#executor.forget(id)
          if (over) return
          end()
          reject(error)
        }
      )
    })
  }
}
