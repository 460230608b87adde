import type { Answer } from '../engine/messages.ts'
import type { AllModelStatistics } from '../metrics/model-statistics.ts'
import type { Phases } from '../metrics/phases.ts'
import type { StoredSet } from '../parameters/store.ts'
import type { ReportedInference } from './messages.ts'

type Statistics = Pick<AllModelStatistics<StoredSet>, 'answered' | 'failed'>

/** How long an inference may wait to be told of with others. */
const GATHER_MS = 20

/** What a front has instead of the statistics of models, which the main thread keeps: it is told, of many at a time. */
export class InferenceReports implements Statistics {
  readonly #send: (list: readonly ReportedInference[]) => void
  #list: ReportedInference[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(send: (list: readonly ReportedInference[]) => void) {
    this.#send = send
  }

  answered(model: string, { m, executions }: Pick<Answer, 'm' | 'executions'>, phases: Phases): void {
    this.#add({ model, m, executions, phases })
  }

  failed(model: string, failedMs: number): void {
    this.#add({ model, failedMs })
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#list.length > 0) this.#send(this.#list)
    this.#list = []
  }

  #add(inference: ReportedInference): void {
    this.#list.push(inference)
    this.#timer ??= setTimeout(() => this.flush(), GATHER_MS)
  }
}

/** For the main thread: what a front has told. */
export function report(list: readonly ReportedInference[], statistics: Statistics): void {
  for (const each of list) {
    if ('phases' in each) statistics.answered(each.model, each, each.phases)
    else statistics.failed(each.model, each.failedMs)
  }
}
