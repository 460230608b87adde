// Order statistics of measured values. A quantile between two values is interpolated (type 7 of Hyndman and Fan).

/** The value below which the fraction `q` of `values` lies; NaN of none. */
export function quantile(values, q) {
  const sorted = Float64Array.from(values).sort()
  const place = (sorted.length - 1) * q
  const below = Math.floor(place)
  const above = Math.ceil(place)
  if (sorted.length === 0) return Number.NaN
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below)
}

export const median = (values) => quantile(values, 0.5)

/** Median and quartiles of `theirs[i] / ours[i]`, pairs measured one right after the other. */
export function pairwiseRatio(theirs, ours) {
  const ratios = theirs.map((value, i) => value / ours[i])
  return { median: median(ratios), low: quantile(ratios, 0.25), high: quantile(ratios, 0.75) }
}

/** The slope of the least-squares line through (ln x, ln y): the power of x that y grows with. */
export function logLogSlope(points) {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)])
  return slope(logs)
}

/** The slope of the least-squares line through the points (x, y). */
export function slope(points) {
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length
  let covariance = 0
  let variance = 0
  for (const [x, y] of points) {
    covariance += (x - meanX) * (y - meanY)
    variance += (x - meanX) ** 2
  }
  return covariance / variance
}
