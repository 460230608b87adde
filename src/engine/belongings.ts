import type { Estate } from '../kernels/choose.ts'
import { memoryOf } from './memory-of.ts'

/** Wait before the memory of a thread that ended is tried again, where another one is changing the lists. */
const RECOVER_MS = 2

/** What memory belongs to which thread, when one of them ends. */
export class Belongings {
  readonly #estate: Estate

  constructor(estate: Estate) {
    this.#estate = estate
  }

  /** A result, such as a set that was put in, stays when the thread that made it ends. */
  keep(result: object): void {
    for (const memory of memoryOf(result)) this.#estate.adopt(memory)
  }

  /** The thread has ended: what it had is free. */
  recover(owner: number): void {
    if (!this.#estate.recover(owner)) setTimeout(() => this.recover(owner), RECOVER_MS)
  }
}
