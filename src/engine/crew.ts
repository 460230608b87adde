import { CREW_PLACES } from '../kernels/crew.ts'
import type { Kernel } from '../kernels/kernel.ts'
import { CrewWords } from './crew-words.ts'
import { currentPass, type Part } from './part.ts'
import type { Pass } from './pass.ts'
import { LEAST_WORK, rowWork, workLeft } from './split.ts'

/** A place in a crew, as it goes to the worker that is to take it. Memory is shared: it moves as a few views. */
export interface Place {
  readonly place: number
  readonly words: Float32Array
  readonly passes: readonly Pick<Pass, 'layer' | 'run'>[]
}

/** How a crew gets helpers. */
export interface Hiring {
  /** Threads that there are, the owner's among them. */
  readonly workers: number
  /** Whether somebody seems to have nothing to do, and it is not too soon to ask again. */
  worthwhile(): boolean
  /** Offers a place to a worker that has nothing to do. Resolves when nobody has it, or has it any more. */
  hire(place: Place): Promise<void>
  /** A helper has been waited for in vain. */
  onLost(ms: number): void
}

/** Least multiplications of a step for each thread: below, they would wait for each other more than they compute. */
const LEAST_SHARE = 60_000

/** How long after an offer the owner takes short looks whether somebody has come. */
const JOIN_MS = 1

/** How long a helper that has made its share may take to say so, or to leave when it is sent away. */
const RETURN_MS = 0.02

/** How long to wait for the others after a step, beside what the step itself takes: a turn of their event loop, and some. */
const PATIENCE_US = 100

/**
 * A part of few rows and its owner's helpers: workers that have nothing else to do, which compute some units of each
 * step. Nobody is waited for: the owner goes on with those that are there, alone if need be, and a helper goes when it
 * gets work of its own. The results are the same bits in any case.
 */
export class Crew {
  readonly #kernel: Kernel
  readonly #part: Part
  readonly #hiring: Hiring
  #memory: Float32Array | undefined
  #words: CrewWords | undefined
  /** By place: resolves when nobody has it any more. */
  readonly #taken = new Map<number, Promise<void>>()
  /** Places of helpers that were dismissed while they were engaged, and have not been seen to leave. */
  readonly #inside = new Set<number>()
  #offered = Number.NEGATIVE_INFINITY
  /** Of the next turn, and who makes it. */
  #turn = 1
  #members = 1

  constructor(kernel: Kernel, part: Part, hiring: Hiring) {
    this.#kernel = kernel
    this.#part = part
    this.#hiring = hiring
  }

  /** Engages the helpers that are ready for the next turn, and offers places where some are free. @returns how many helpers there are */
  gather(): number {
    const wanted = this.#helpersWorthwhile()
    this.#members = 1
    if (this.#words === undefined || this.#taken.size === 0) {
      if (wanted > 0) this.#offer(wanted)
      return 0
    }
    const words = this.#words
    words.announce(this.#turn)
    let helpers = 0
    for (const place of this.#taken.keys()) {
      if (words.isEngaged(place) && !waitUntil(() => !words.isEngaged(place))) {
        this.#dismiss(place)
        this.#hiring.onLost(RETURN_MS)
      }
      if (helpers < wanted && words.engage(place)) {
        this.#members |= 1 << place
        helpers++
      }
    }
    return helpers
  }

  /** Whether somebody may come in a moment. */
  get expecting(): boolean {
    const words = this.#words
    if (words === undefined || performance.now() > this.#offered + JOIN_MS) return false
    return [...this.#taken.keys()].some((place) => words.isOffered(place))
  }

  /**
   * Moves the part's pass on together with those that were gathered.
   * @param stepMs about how long a step takes
   * @returns the steps made, 1 to `steps`
   */
  advance(steps: number, stepMs: number): number {
    const words = this.#words!
    const { layer, run } = currentPass(this.#part)
    const members = this.#members
    const patienceUs = PATIENCE_US + Math.ceil(stepMs * 1000)
    const common = { turn: this.#turn, members, patienceUs }
    this.#turn += steps + 2 // what a helper says of this turn is nothing in the next
    for (let place = 1; place < CREW_PLACES; place++) {
      if ((members >> place) & 1) words.go(place, { ...common, pass: this.#part.pass, from: run.t, steps })
    }
    const made = this.#kernel.advanceShare!(layer, run, steps, { ...common, words: this.#memory!, place: 0 })
    if (made < steps) this.#dismissLate(patienceUs / 1000)
    if (made > 0) return made
    this.#kernel.advance(layer, [run], 1)
    return 1
  }

  /** Sends all helpers away, for the part is no longer alone on its worker. */
  dismiss(): void {
    for (const place of this.#taken.keys()) this.#dismiss(place)
  }

  /** The part is over. Resolves when nobody else is in its memory. */
  async end(): Promise<void> {
    if (this.#words === undefined) return
    this.dismiss()
    void this.#releaseWords()
    for (const place of this.#inside) {
      if (!waitUntil(() => this.#words!.hasLeft(place))) await this.#taken.get(place)
    }
  }

  #dismiss(place: number): void {
    if (this.#words!.dismiss(place)) this.#inside.add(place)
  }

  /** After a turn that was given up: who is not back from it is not there, whatever the reason. */
  #dismissLate(ms: number): void {
    const words = this.#words!
    let lost = false
    for (const place of this.#taken.keys()) {
      if (!words.isEngaged(place) || waitUntil(() => !words.isEngaged(place))) continue
      this.#dismiss(place)
      lost = true
    }
    if (lost) this.#hiring.onLost(ms)
  }

  /** Helpers read these words until they know that they are not wanted. */
  async #releaseWords(): Promise<void> {
    await Promise.all(this.#taken.values())
    this.#kernel.release(this.#memory!)
  }

  #helpersWorthwhile(): number {
    const { layer, run } = currentPass(this.#part)
    // the kernels divide the plain cell alone: a projection would have to wait for all units once more in each step
    if (layer.options !== undefined) return 0
    const most = Math.min(CREW_PLACES, this.#hiring.workers)
    return Math.min(most, Math.floor((run.activeRows[run.t] * rowWork({ layer })) / LEAST_SHARE)) - 1
  }

  #offer(helpers: number): void {
    if (workLeft(this.#part) < LEAST_WORK || !this.#hiring.worthwhile()) return
    this.#memory ??= this.#kernel.allocate(CrewWords.length).fill(0)
    this.#words ??= new CrewWords(this.#memory)
    this.#offered = performance.now()
    const passes = this.#part.passes.map(({ layer, run }) => ({ layer, run }))
    for (let place = 1; place <= helpers; place++) {
      this.#words.offer(place)
      const over = this.#hiring.hire({ place, words: this.#memory, passes }).then(() => {
        this.#taken.delete(place)
        this.#inside.delete(place)
      })
      this.#taken.set(place, over)
    }
  }
}

/** Looks again and again for a moment. @returns whether it came true */
function waitUntil(condition: () => boolean): boolean {
  const end = performance.now() + RETURN_MS
  while (!condition()) if (performance.now() > end) return false
  return true
}
