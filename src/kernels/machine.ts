import type { Precision } from './precision.ts'

/** Compiled code over the memory. Addresses are in bytes; nothing is checked there. */
export interface Machine {
  /** Floats in a vector. */
  readonly lanes: number
  /** How it can read recurrent weights; float32 is among them. */
  readonly precisions: readonly Precision[]

  /**
   * Moves all runs `steps` steps.
   * @param precision its number in `precisions`
   * @param packed a packed layer
   * @param runs (runCount, RUN_WORDS), as `#writeRun` writes them
   * @param rowTable room for a word for each row of all steps together
   * @param z room for the pre-activations of as many rows
   */
  advance(
    precision: number,
    n_x: number,
    n_a: number,
    packed: number,
    runs: number,
    runCount: number,
    steps: number,
    rowTable: number,
    z: number
  ): void

  /**
   * As `advance`, for a layer that has more than the plain cell.
   * @param layer a record as LayerRecord writes it
   */
  advanceGeneral(layer: number, runs: number, runCount: number, steps: number, rowTable: number, z: number): void

  /**
   * As `advance`, for one run and this thread's share of its panels. Missing where the code cannot.
   * @param crew and what follows: a CrewTurn
   * @returns the steps made
   */
  advanceShare?(
    precision: number,
    n_x: number,
    n_a: number,
    packed: number,
    run: number,
    steps: number,
    rowTable: number,
    z: number,
    crew: number,
    turn: number,
    place: number,
    members: number,
    patienceUs: number
  ): number

  /**
   * y = activation(Wy·a + by) of consecutive rows. a: (rows, n_a), y: (rows, n_y); rowTable and z as for `advance`.
   * @param activation its number in `headActivations`
   */
  predict(
    activation: number,
    n_a: number,
    n_y: number,
    packed: number,
    a: number,
    y: number,
    rows: number,
    rowTable: number,
    z: number
  ): void
}
