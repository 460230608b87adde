import type { AdmissionLimits } from './admission.ts'
import type { ExecutorOptions } from './executor.ts'
import type { InlineMemory } from './inline.ts'
import type { ToWorker } from './messages.ts'
import type { SetUser } from './published-sets.ts'

/** A thread beside the pool's workers that runs inferences for itself, seen from the pool. */
export interface Guest extends SetUser {
  /** Tells it of a change of the sets; each inference that it begins after that has to see it. */
  post(change: Extract<ToWorker, { type: 'set' | 'unset' }>): void
}

/** What a guest runs inferences with: the same memory, under the same bounds. Crosses to its thread as it is. */
export interface Lodging extends Omit<ExecutorOptions, 'onIdle' | 'share' | 'offer'>, InlineMemory {
  readonly admissionLimits: AdmissionLimits
  /** Memory of Admission. */
  readonly admission: SharedArrayBuffer
}

/** What the pool does for its guests. */
export interface Host {
  /** @param number which of the guests it is, from 0 */
  lodgingFor(number: number): Lodging
  letGo(handle: number, guest: Guest): void
  /** It has ended with all that it had. */
  left(guest: Guest, lodging: Lodging): void
}

/** The threads beside the workers that share a pool's sets, memory and bounds. */
export class Guests {
  readonly #host: Host
  readonly #lodgings = new Map<Guest, Lodging>()

  constructor(host: Host) {
    this.#host = host
  }

  get all(): Iterable<Guest> {
    return this.#lodgings.keys()
  }

  /** @param number which of the guests it is, from 0; one that replaces another has its number */
  receive(guest: Guest, number: number): Lodging {
    const lodging = this.#host.lodgingFor(number)
    this.#lodgings.set(guest, lodging)
    return lodging
  }

  /** The guest uses a set that was replaced or withdrawn no more. */
  letGo(handle: number, guest: Guest): void {
    this.#host.letGo(handle, guest)
  }

  /** The guest's thread has ended. */
  dismiss(guest: Guest): void {
    const lodging = this.#lodgings.get(guest)
    if (!this.#lodgings.delete(guest)) return
    this.#host.left(guest, lodging!)
  }
}
