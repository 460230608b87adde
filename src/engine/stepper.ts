import type { Kernel, LayerRun } from '../kernels/kernel.ts'
import type { ParameterSet } from '../parameters/parameter-set.ts'
import type { Job } from './job.ts'

/** How long one tick may keep the thread from looking at new messages. */
const TICK_MS = 0.5

/** Multiplications per millisecond that a kernel is taken for until it has shown its speed; low, for short ticks. */
const FIRST_SPEED = 50_000
/** Over how many calls the speed is averaged. */
const SPEED_MEMORY = 16

interface Running {
  readonly job: Job
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * The tick loop of a worker. All running jobs of a parameter set advance together, a few time steps at a time; the
 * sets take turns. A new job joins at the next tick, a finished one leaves at once, and between ticks the thread
 * takes messages. (Cellular batching: Gao et al., Low Latency RNN Inference with Cellular Batching, EuroSys 2018.)
 */
export class Stepper {
  readonly #kernel: Kernel
  readonly #running = new Map<ParameterSet, Running[]>()
  #scheduled = false
  #speed = FIRST_SPEED

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

  /** Goes on until a job is done, whose answer should not wait, or the time is up. */
  #tick(): void {
    const end = performance.now() + TICK_MS
    let done = false
    while (!done && performance.now() < end) {
      for (const [set, running] of this.#running) done = this.#advanceSet(set, running) || done
    }
  }

  /** Some time steps of all jobs of one set. True when one of them is over. */
  #advanceSet(set: ParameterSet, running: readonly Running[]): boolean {
    const runs = running.map(({ job }) => job.run)
    const steps = this.#stepsAtOnce(set, runs)
    const begin = performance.now()
    try {
      this.#kernel.advance(set.layers[0], runs, steps)
      for (const { job } of running) job.predictSteps(job.run.t - steps)
    } catch (error) {
      this.#running.delete(set)
      for (const { reject } of running) reject(error)
      return true
    }
    this.#learnSpeed(workOf(set, runs) * steps, performance.now() - begin)
    const left = running.filter(({ job }) => !job.finished)
    if (left.length === running.length) return false
    if (left.length === 0) this.#running.delete(set)
    else this.#running.set(set, left)
    for (const { job, resolve } of running) if (job.finished) resolve()
    return true
  }

  /** As many steps as fit into a tick at the speed seen so far, and no more than the first job to end has left. */
  #stepsAtOnce(set: ParameterSet, runs: readonly LayerRun[]): number {
    const left = runs.reduce((least, { T_x, t }) => Math.min(least, T_x - t), Number.POSITIVE_INFINITY)
    const fit = Math.floor((this.#speed * TICK_MS) / this.#running.size / workOf(set, runs))
    return Math.max(1, Math.min(left, fit))
  }

  #learnSpeed(work: number, ms: number): void {
    if (ms > 0) this.#speed += (work / ms - this.#speed) / SPEED_MEMORY
  }
}

/** Multiplications of one time step. */
function workOf({ n_x, n_a }: ParameterSet, runs: readonly LayerRun[]): number {
  return runs.reduce((rows, { m }) => rows + m, 0) * 4 * n_a * (n_a + n_x)
}
