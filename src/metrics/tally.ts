/**
 * The counts of a histogram. Written a few times for each request, read when somebody scrapes, so it is a plain array:
 * prom-client's own histograms build a key from the labels at each observation.
 */
export class Tally {
  /** Upper bounds, rising; what is past the last one is counted behind it. */
  readonly bounds: readonly number[]
  /** How many fell into each bound and in none below it. */
  readonly counts: Float64Array
  sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    const { bounds } = this
    let i = 0
    while (i < bounds.length && value > bounds[i]) i++
    this.counts[i]++
    this.sum += value
  }
}

/** `count` bounds, each `factor` times the one before. */
export function exponentialBounds(first: number, factor: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Number((first * factor ** i).toPrecision(3)))
}
