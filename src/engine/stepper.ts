import type { Kernel } from '../kernels/kernel.ts'
import type { ParameterSet } from '../parameters/parameter-set.ts'
import type { Job } from './job.ts'

/** How long one tick may keep the thread from looking at new messages. */
const TICK_MS = 0.5

interface Running {
  readonly job: Job
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * The tick loop of a worker. All running jobs of a parameter set advance together, one time step at a time; the sets
 * take turns. A new job joins at the next tick, a finished one leaves at once, and between ticks the thread
 * takes messages. (Cellular batching: Gao et al., Low Latency RNN Inference with Cellular Batching, EuroSys 2018.)
 */
export class Stepper {
  readonly #kernel: Kernel
  readonly #running = new Map<ParameterSet, Running[]>()
  #scheduled = false

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  /** Resolves when the job has made its last step; rejects with what the kernel threw. */
  run(job: Job): Promise<void> {
    return new Promise((resolve, reject) => {
      const running = this.#running.get(job.set) ?? []
      running.push({ job, resolve, reject })
      this.#running.set(job.set, running)
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#tick()
      if (this.#running.size > 0) this.#schedule()
    })
  }

  /** Steps until a job is done, whose answer should not wait, or the time is up. */
  #tick(): void {
    const end = performance.now() + TICK_MS
    let done = false
    while (!done && performance.now() < end) {
      for (const [set, running] of this.#running) done = this.#stepSet(set, running) || done
    }
  }

  /** One time step of all jobs of one set. True when one of them is over. */
  #stepSet(set: ParameterSet, running: readonly Running[]): boolean {
    try {
      this.#kernel.step(
        set.layers[0],
        running.map(({ job }) => job.run)
      )
      for (const { job } of running) job.predictStep()
    } catch (error) {
      this.#running.delete(set)
      for (const { reject } of running) reject(error)
      return true
    }
    const left = running.filter(({ job }) => !job.finished)
    if (left.length === running.length) return false
    if (left.length === 0) this.#running.delete(set)
    else this.#running.set(set, left)
    for (const { job, resolve } of running) if (job.finished) resolve()
    return true
  }
}
