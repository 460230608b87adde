/**
 * The counts of a histogram. Written a few times for each request, read when somebody scrapes, so it is a plain array:
 * prom-client's own histograms build a key from the labels at each observation.
 */
export class Tally {
  /** Upper bounds, rising; what is past the last one is counted behind it. */
  readonly bounds: readonly number[]
  /** How many fell into each bound and in none below it. */
  readonly counts: Float64Array
  readonly #sum: Float64Array

  /** @param values where it counts, `Tally.width(bounds)` numbers; another thread may read them */
  constructor(bounds: readonly number[], values: Float64Array = new Float64Array(Tally.width(bounds))) {
    this.bounds = bounds
    this.counts = values.subarray(0, bounds.length + 1)
    this.#sum = values.subarray(bounds.length + 1)
  }

  static width(bounds: readonly number[]): number {
    return bounds.length + 2
  }

  get sum(): number {
    return this.#sum[0]
  }

  observe(value: number): void {
    const { bounds } = this
    let i = 0
    while (i < bounds.length && value > bounds[i]) i++
    this.counts[i]++
    this.#sum[0] += value
  }
}

/** `count` bounds, each `factor` times the one before. */
export function exponentialBounds(first: number, factor: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Number((first * factor ** i).toPrecision(3)))
}
