import { CREW_PLACES, CREW_WORDS, GIVEN_UP, LINE_WORDS } from '../kernels/crew.ts'

/** Behind the kernel's words: a line for each place, that of the owner, who has place 0, with the turn alone. */
const lineOf = (place: number): number => CREW_WORDS + place * LINE_WORDS

// Words of a line.
const STATE = 0
/** The turn that the helper is to make now; what follows describes it. */
const GO = 1
const PASS = 2
const FROM = 3
const STEPS = 4
const MEMBERS = 5
const PATIENCE_US = 6

// States of a helper's place.
const OFFERED = 1
/** The helper waits for a turn; it touches nothing of the job. */
const READY = 2
/** It has been counted on for a turn, and is in the job's memory until it is READY again. */
const ENGAGED = 3
/** The owner wants it no more. */
const DISMISSED = 4
/** It has gone, and will touch nothing any more. */
const LEFT = 5

/** What a helper has to do in a turn: its share of these steps of a pass. */
export interface Turn {
  readonly turn: number
  /** Index of the pass in the part. */
  readonly pass: number
  readonly from: number
  readonly steps: number
  /** A bit for each place that takes part. */
  readonly members: number
  readonly patienceUs: number
}

/**
 * What the owner of a part and its helpers agree on, in words that both see. The owner engages a helper for one turn of
 * some steps at a time; between turns either side can part from the other, and a turn that one of them does
 * not come to ends when the others have waited long enough.
 */
export class CrewWords {
  /** Floats to allocate. */
  static readonly length = CREW_WORDS + CREW_PLACES * LINE_WORDS
  readonly #words: Int32Array

  constructor({ buffer, byteOffset }: Float32Array) {
    this.#words = new Int32Array(buffer, byteOffset, CrewWords.length)
  }

  #get(place: number, word: number): number {
    return Atomics.load(this.#words, lineOf(place) + word)
  }

  #set(place: number, word: number, value: number): void {
    Atomics.store(this.#words, lineOf(place) + word, value)
  }

  /** @returns whether the place was in the state `from`, and is now in `to` */
  #change(place: number, from: number, to: number): boolean {
    return Atomics.compareExchange(this.#words, lineOf(place) + STATE, from, to) === from
  }

  // The owner.

  offer(place: number): void {
    this.#set(place, STATE, OFFERED)
  }

  isOffered(place: number): boolean {
    return this.#get(place, STATE) === OFFERED
  }

  /** The helpers that are engaged from now on are so for this turn. */
  announce(turn: number): void {
    this.#set(0, GO, turn)
  }

  /** Counts on a helper for the turn that was announced. @returns false when it is not ready */
  engage(place: number): boolean {
    return this.#change(place, READY, ENGAGED)
  }

  /** Whether the helper may be in the job's memory. */
  isEngaged(place: number): boolean {
    return this.#get(place, STATE) === ENGAGED
  }

  hasLeft(place: number): boolean {
    return this.#get(place, STATE) === LEFT
  }

  go(place: number, { turn, pass, from, steps, members, patienceUs }: Turn): void {
    this.#set(place, PASS, pass)
    this.#set(place, FROM, from)
    this.#set(place, STEPS, steps)
    this.#set(place, MEMBERS, members)
    this.#set(place, PATIENCE_US, patienceUs)
    this.#set(place, GO, turn)
  }

  /** @returns whether the helper was engaged, and may be in the job's memory until it has left */
  dismiss(place: number): boolean {
    for (;;) {
      const state = this.#get(place, STATE)
      if (state !== OFFERED && state !== READY && state !== ENGAGED) return false
      if (this.#change(place, state, DISMISSED)) return state === ENGAGED
    }
  }

  // A helper.

  /** Takes the place. @returns false when it is no longer to be had */
  join(place: number): boolean {
    return this.#change(place, OFFERED, READY)
  }

  /** Whether a helper that has joined is still wanted. */
  isWanted(place: number): boolean {
    const state = this.#get(place, STATE)
    return state === READY || state === ENGAGED
  }

  /** Number of the last turn that the helper was told to make. */
  lastTurn(place: number): number {
    return this.#get(place, GO)
  }

  turnOf(place: number): Turn {
    return {
      turn: this.#get(place, GO) >>> 0,
      pass: this.#get(place, PASS),
      from: this.#get(place, FROM),
      steps: this.#get(place, STEPS),
      members: this.#get(place, MEMBERS),
      patienceUs: this.#get(place, PATIENCE_US)
    }
  }

  /** The turn is over for this helper. @returns whether it is still wanted */
  ready(place: number): boolean {
    return this.#change(place, ENGAGED, READY)
  }

  /** The helper goes, and touches nothing any more. If it is counted on for a turn, nobody waits for it. */
  leave(place: number): void {
    const before = Atomics.exchange(this.#words, lineOf(place) + STATE, LEFT)
    if (before === ENGAGED) Atomics.store(this.#words, GIVEN_UP, this.#get(0, GO))
  }
}
