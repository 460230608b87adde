import { setImmediate as immediate } from 'node:timers/promises'
import type { Kernel } from '../kernels/kernel.ts'
import type { Place } from './crew.ts'
import { CrewWords } from './crew-words.ts'

/** How long to look for the next turn before the thread takes messages. */
const LOOK_MS = 0.1

/** How long without a turn until the helper goes: its owner has died, or has something else to do. */
const IDLE_MS = 3

/** Takes places in the crews of other workers' parts while this thread has nothing else to do. */
export class Helper {
  readonly #kernel: Kernel
  #taken: { readonly words: CrewWords; readonly place: number } | undefined

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  /** Makes the turns that the owner asks for. Resolves when the place has been left; rejects with what the kernel threw. */
  async help({ place, words: memory, passes }: Place): Promise<void> {
    const words = new CrewWords(memory)
    const taken = { words, place }
    let last = words.lastTurn(place)
    if (this.#taken !== undefined || !words.join(place)) return words.leave(place)
    this.#taken = taken
    try {
      let idleSince = performance.now()
      while (this.#taken === taken && words.isWanted(place) && performance.now() < idleSince + IDLE_MS) {
        if (waitForTurn(words, place, last)) {
          const { pass, from, steps, ...turn } = words.turnOf(place)
          last = words.lastTurn(place)
          if (!words.isWanted(place)) break
          const { layer, run } = passes[pass]
          run.t = from
          this.#kernel.advanceShare!(layer, run, steps, { ...turn, place, words: memory })
          if (!words.ready(place)) break
          idleSince = performance.now()
        }
        await immediate()
      }
    } finally {
      if (this.#taken === taken) this.leave()
    }
  }

  /** This thread has work of its own: gives the place up that it has, at once. */
  leave(): void {
    const { words, place } = this.#taken ?? {}
    this.#taken = undefined
    words?.leave(place!)
  }
}

/** @returns whether the owner has asked for another turn than the last one */
function waitForTurn(words: CrewWords, place: number, last: number): boolean {
  const end = performance.now() + LOOK_MS
  while (words.lastTurn(place) === last) if (performance.now() > end || !words.isWanted(place)) return false
  return true
}
