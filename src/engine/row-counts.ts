/** How many rows each of a worker's kernel calls moved: counted by the worker, read by the HTTP thread. */

/** Upper bounds of the counts; what is past the last one is counted behind it. */
export const rowBounds: readonly number[] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]

const SUM = rowBounds.length + 1

/** One thread writes and another may read a moment too early: a count is late at most, and never wrong for long. */
export class RowCounts {
  readonly memory: SharedArrayBuffer
  readonly #values: Float64Array

  constructor(memory = new SharedArrayBuffer((rowBounds.length + 2) * 8)) {
    this.memory = memory
    this.#values = new Float64Array(memory)
  }

  count(rows: number): void {
    let i = 0
    while (i < rowBounds.length && rows > rowBounds[i]) i++
    this.#values[i]++
    this.#values[SUM] += rows
  }

  /** As many as fell into each bound and in none below it, the last of them into none. */
  get counts(): Float64Array {
    return this.#values.subarray(0, SUM)
  }

  get sum(): number {
    return this.#values[SUM]
  }
}
