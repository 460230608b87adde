import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import type { Job } from '../../src/engine/job.ts'
import { Sharing } from '../../src/engine/sharing.ts'
import { Stepper } from '../../src/engine/stepper.ts'
import type { Kernel } from '../../src/kernels/kernel.ts'
import { createSharedMemory } from '../../src/kernels/memory.ts'
import { NativeKernel } from '../../src/kernels/native/kernel.ts'
import type { ParameterSet } from '../../src/parameters/parameter-set.ts'
import type { Behaviour, FromHelper, ToHelper } from './helping-worker.ts'
import { makeJob, results } from './jobs.ts'

/** A worker's side of crews, with helpers in threads of their own in place of the pool. */

const file = new URL(`./helping-worker${import.meta.url.slice(-3)}`, import.meta.url)

export class Crowd {
  readonly kernel: NativeKernel
  readonly stepper: Stepper
  readonly sharing: Sharing
  /** Turns that helpers have made. */
  turns = 0
  /** Helpers that there were at first. */
  readonly started: number
  /** Places that somebody has, by helper. */
  readonly #taken = new Map<Worker, number>()
  readonly #helpers: Worker[]

  private constructor(kernel: NativeKernel, helpers: Worker[]) {
    this.kernel = kernel
    this.#helpers = helpers
    this.started = helpers.length
    this.stepper = new Stepper(kernel)
    this.sharing = new Sharing({
      kernel,
      stepper: this.stepper,
      workers: helpers.length + 1,
      handOver: () => t.fail('nothing here is wide'),
      offer: (id, place) => {
        const idle = this.#helpers.find((helper) => !this.#taken.has(helper))
        if (idle === undefined) return setImmediate(() => this.sharing.ended(id, { type: 'stopped' }))
        this.#taken.set(idle, id)
        return idle.postMessage({ id, place } satisfies ToHelper)
      },
      someIdle: () => this.#taken.size < this.#helpers.length
    })
    for (const helper of helpers) {
      helper.on('message', ({ id, turns }: FromHelper) => {
        this.turns += turns
        this.#taken.delete(helper)
        this.sharing.ended(id, { type: 'computed', ms: 0, executions: 0 })
      })
      helper.once('exit', () => {
        this.#helpers.splice(this.#helpers.indexOf(helper), 1)
        const lost = this.#taken.get(helper)
        this.#taken.delete(helper)
        if (lost !== undefined) this.sharing.ended(lost, { type: 'lost' })
      })
    }
  }

  static async start(variant: NativeKernel['variant'], behaviours: readonly Behaviour[]): Promise<Crowd> {
    const memory = createSharedMemory()
    const helpers = behaviours.map(
      (behaviour, i) => new Worker(file, { workerData: { memory, variant, owner: i + 1, behaviour } })
    )
    await Promise.all(helpers.map((helper) => once(helper, 'message')))
    return new Crowd(new NativeKernel({ memory, variant }), helpers)
  }

  /** Helpers that are there. */
  get helpers(): number {
    return this.#helpers.length
  }

  /** Runs the job to its end with whatever help there is. */
  async run(job: Job): Promise<Job> {
    await this.sharing.run(job.whole)
    return job
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.#helpers].map((helper) => {
        helper.postMessage('close' satisfies ToHelper)
        return once(helper, 'exit')
      })
    )
    this.kernel.close()
  }
}

/** On a busy machine a helper may come too late, and then nobody is asked for a while. */
export async function untilHelped(crowd: Crowd, run: () => Promise<void>): Promise<void> {
  const { turns } = crowd
  const end = Date.now() + 10_000
  do {
    await run()
    await new Promise((resolve) => setTimeout(resolve, 5))
  } while (crowd.turns === turns && crowd.helpers === crowd.started && Date.now() < end)
}

/** What the job gives on one thread. */
export async function alone(
  kernel: Kernel,
  set: ParameterSet,
  shape: Parameters<typeof makeJob>[2]
): Promise<number[][]> {
  const job = makeJob(kernel, set, shape)
  await new Stepper(kernel).run(job.whole)
  const found = results(job)
  job.release()
  return found
}
