import { createKernel, type SharedKernel } from '../kernels/choose.ts'
import type { Kernel } from '../kernels/kernel.ts'
import { type ParameterSet, releaseParameterSet } from '../parameters/parameter-set.ts'
import type { WorkerContext } from '../protocols/context.ts'
import { cell } from '../protocols/rest/cell.ts'
import { sequence } from '../protocols/rest/sequence.ts'
import { collectGarbage } from './garbage.ts'
import type { Limits } from './limits.ts'
import type { Computed, InferenceKind, MovedOperation, MovedResult, PartOutcome } from './messages.ts'
import type { Part } from './part.ts'
import { type PublishedSet, SetRegistry } from './registry.ts'
import { Sharing } from './sharing.ts'
import { Stepper } from './stepper.ts'

export interface ExecutorOptions {
  readonly kernel: SharedKernel
  readonly limits: Limits
  /** The sets that are there already. */
  readonly sets: ReadonlyMap<string, PublishedSet>
  /** Threads that a wide job may be divided among, this one included. */
  readonly workers: number
  /** Told of a set that was replaced or withdrawn and is used here no more. */
  readonly onIdle: (handle: number) => void
  /** Gives a part of a wide job away; `partEnded` has to say what became of it. */
  readonly share: (id: number, part: Part) => void
}

/** A file above this leaves so much behind that it is not left to chance when that is freed. */
const LARGE_BYTES = 4 * 1024 * 1024

const inferences = { cell, sequence } satisfies Record<InferenceKind, unknown>

/** Everything that a thread needs to run operations: its kernel, its view of the sets, its tick loop. */
export class Executor {
  readonly sets: SetRegistry
  readonly #kernel: Kernel
  readonly #stepper: Stepper
  readonly #sharing: Sharing
  readonly #context: WorkerContext

  constructor({ kernel, limits, sets, workers, onIdle, share }: ExecutorOptions) {
    this.sets = new SetRegistry(sets, onIdle)
    this.#kernel = createKernel(kernel)
    this.#stepper = new Stepper(this.#kernel)
    this.#sharing = new Sharing(this.#stepper, workers, share)
    this.#context = { kernel: this.#kernel, sharing: this.#sharing, sets: this.sets, limits }
  }

  /** The body has been read when this returns. */
  infer(kind: InferenceKind, body: Uint8Array): Promise<Computed> {
    return inferences[kind](body, this.#context)
  }

  run(operation: MovedOperation): MovedResult | Promise<MovedResult> {
    switch (operation.kind) {
      case 'import':
        return this.#import(operation)
      case 'export':
        return this.#export(operation)
      default:
        return this.infer(operation.kind, operation.body)
    }
  }

  // Readers and writers of files are some fifty modules: a thread that is asked for neither starts without them.

  async #import({ body, settings = {} }: Extract<MovedOperation, { kind: 'import' }>): Promise<ParameterSet> {
    const { importSet } = await import('../protocols/rest/import-set.ts')
    try {
      return importSet(body, settings, this.#context)
    } finally {
      // later, when nothing here holds on to the body and the arrays any more
      if (body.byteLength > LARGE_BYTES) setImmediate(collectGarbage)
    }
  }

  async #export({ set, format, encoding }: Extract<MovedOperation, { kind: 'export' }>): Promise<MovedResult> {
    const { exportSet } = await import('../protocols/rest/export-set.ts')
    return exportSet(set, format, encoding, this.#context)
  }

  /** Steps a part of somebody's job to its end. */
  runPart(part: Part): Promise<PartOutcome> {
    return this.#stepper.run(part).then(
      (ms) => ({ type: 'computed', ms }),
      (error) => ({ type: 'fault', stack: stackOf(error) })
    )
  }

  partEnded(id: number, outcome: PartOutcome): void {
    this.#sharing.ended(id, outcome)
  }

  /** Gives the memory of a set back that nobody uses any more. */
  release(set: ParameterSet): void {
    releaseParameterSet(this.#kernel, set)
  }

  /** Gives this thread's scratch memory back; nothing can be run any more. */
  close(): void {
    this.#kernel.close()
  }
}

/** What the log gets to see of a fault. */
export function stackOf(error: unknown): string {
  return error instanceof Error ? String(error.stack) : String(error)
}
