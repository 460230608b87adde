import type { Answer } from '../engine/messages.ts'
import type { AllModelStatistics } from '../metrics/model-statistics.ts'
import type { Phases } from '../metrics/phases.ts'
import type { StoredSet } from '../parameters/store.ts'
import type { ReportedInferences } from './messages.ts'

type Statistics = Pick<AllModelStatistics<StoredSet>, 'answered' | 'failed'>

/** How long an inference may wait to be told of with others. */
const GATHER_MS = 20

/**
 * Numbers of one: when, in milliseconds since 1970, its columns, executions, and milliseconds of decode, queue, compute,
 * encode; of one that failed when, -1 and milliseconds.
 */
const WIDTH = 7

/** What a front has instead of the statistics of models, which the main thread keeps: it is told, of many at a time. */
export class InferenceReports implements Statistics {
  readonly #send: (inferences: ReportedInferences) => void
  #models: string[] = []
  #numbers: number[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(send: (inferences: ReportedInferences) => void) {
    this.#send = send
  }

  answered(model: string, { m, executions }: Pick<Answer, 'm' | 'executions'>, phases: Phases): void {
    const { decode, queue, compute, encode } = phases
    this.#numbers.push(Date.now(), m, executions, decode, queue, compute, encode)
    this.#add(model)
  }

  failed(model: string, ms: number): void {
    this.#numbers.push(Date.now(), -1, ms, 0, 0, 0, 0)
    this.#add(model)
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#models.length > 0) this.#send({ models: this.#models, numbers: Float64Array.from(this.#numbers) })
    this.#models = []
    this.#numbers = []
  }

  #add(model: string): void {
    this.#models.push(model)
    this.#timer ??= setTimeout(() => this.flush(), GATHER_MS)
  }
}

/** For the main thread: what a front has told. */
export function report({ models, numbers }: ReportedInferences, statistics: Statistics): void {
  for (const [i, model] of models.entries()) {
    const [at, m, second, decode, queue, compute, encode] = numbers.subarray(i * WIDTH, (i + 1) * WIDTH)
    if (m < 0) statistics.failed(model, second, at)
    else statistics.answered(model, { m, executions: second }, { decode, queue, compute, encode }, at)
  }
}
