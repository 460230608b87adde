import type { MetricObjectWithValues, MetricValueWithName, Registry } from 'prom-client'

type Labels = Readonly<Record<string, string>>

/** The counts of a histogram: `counts[i]` in the bound `bounds[i]` and in none below it, the last one in none. */
export interface Counted {
  readonly bounds: readonly number[]
  readonly counts: Float64Array
  readonly sum: number
}

type Read<T> = () => Iterable<readonly [Labels, T]>

/** Values that are held elsewhere, as a metric of the registry: they are read when somebody scrapes. */
export function addMetric(
  registry: Registry,
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  read: Read<number>
): void {
  add(registry, type, name, help, () => [...read()].map(([labels, value]) => ({ metricName: name, labels, value })))
}

export function addHistogram(registry: Registry, name: string, help: string, read: Read<Counted>): void {
  add(registry, 'histogram', name, help, () =>
    [...read()].flatMap(([labels, { bounds, counts, sum }]) => {
      let count = 0
      const buckets = [...counts].map((each, i) => {
        count += each
        return { metricName: `${name}_bucket`, labels: { ...labels, le: String(bounds[i] ?? '+Inf') }, value: count }
      })
      return [
        ...buckets,
        { metricName: `${name}_sum`, labels, value: sum },
        { metricName: `${name}_count`, labels, value: count }
      ]
    })
  )
}

function add(
  registry: Registry,
  type: string,
  name: string,
  help: string,
  values: () => readonly { metricName: string; labels: Labels; value: number }[]
): void {
  // the registry asks no more of a metric than its name and get()
  const metric = {
    name,
    get: async () =>
      ({ name, help, type, aggregator: 'sum', values: values() }) as unknown as MetricObjectWithValues<
        MetricValueWithName<string>
      >
  }
  registry.registerMetric(metric as unknown as Parameters<Registry['registerMetric']>[0])
}
