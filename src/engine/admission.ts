import { LstmError } from '../errors.ts'
import { Rate } from './rate.ts'

export interface AdmissionLimits {
  /** Most operations under way at once, on all workers together. */
  readonly maxPending: number
  /** Most bytes of bodies of operations under way and of those that are arriving. */
  readonly maxPendingBytes: number
}

/** How much the service has taken on, and whether it takes on more. */
export class Admission {
  readonly #limits: AdmissionLimits
  readonly #rate = new Rate()
  #pending = 0
  #bytes = 0
  /** Bytes of bodies that are on their way in and no operation yet; whoever takes them in counts them. */
  arrivingBytes = 0

  constructor(limits: AdmissionLimits) {
    this.#limits = limits
  }

  /**
   * May an operation with a body of so many bytes come in? Large as it is, one that is alone may.
   * @throws LSTM_ERR_OVERLOADED
   */
  check(bytes: number): void {
    const { maxPending, maxPendingBytes } = this.#limits
    if (this.#pending >= maxPending) {
      throw new LstmError('LSTM_ERR_OVERLOADED', ['the requests under way', maxPending, 'LSTM_MAX_PENDING'])
    }
    const others = this.#bytes + this.arrivingBytes
    if (others > 0 && others + bytes > maxPendingBytes) {
      const what = 'the bytes of all requests under way'
      throw new LstmError('LSTM_ERR_OVERLOADED', [what, maxPendingBytes, 'LSTM_MAX_PENDING_BYTES'])
    }
  }

  begin(bytes: number): void {
    this.#pending++
    this.#bytes += bytes
  }

  end(bytes: number): void {
    this.#pending--
    this.#bytes -= bytes
    this.#rate.count()
  }

  /** Seconds until what is under way will have been answered, at the rate of the last moment. */
  get secondsToIdle(): number {
    return this.#rate.secondsFor(this.#pending)
  }
}
