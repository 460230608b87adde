/**
 * Threads that move one run together, each some of its units: `Kernel.advanceShare`. What they have in common are some
 * words of the kernel's memory, of which those that two threads write lie on lines of the cache of their own. The
 * engine decides who takes part; the kernel's code waits after each step until all are done with it.
 */
export const LINE_WORDS = 16

/** Threads of a crew; the owner of the run has place 0. */
export const CREW_PLACES = 4

/** Word that holds the turn that a thread gave up, because another one did not finish a step in time. */
export const GIVEN_UP = 0

/** Word that holds how far the thread at a place is: the turn, and one more for each step that it has made in it. */
export const doneWord = (place: number): number => (1 + place) * LINE_WORDS

/** Words that the kernel's code reads and writes. */
export const CREW_WORDS = doneWord(CREW_PLACES)

/** A thread's part in one call of all of a crew; such a call is a turn. */
export interface CrewTurn {
  /** From the kernel's `allocate`, zeros before the first turn, read as int32. (≥ CREW_WORDS) */
  readonly words: Float32Array
  /** Number of the turn, an uint32: larger by more than its steps than that of the turn before, and never 0. */
  readonly turn: number
  /** Which of the crew this thread is. */
  readonly place: number
  /** A bit for each place that takes part. */
  readonly members: number
  /** How long to wait for the others after a step, in microseconds. */
  readonly patienceUs: number
}
