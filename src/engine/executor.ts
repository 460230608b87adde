import { type NativeCodec, useNativeCodec } from '../codec/native/codec.ts'
import { createKernel, type SharedKernel } from '../kernels/choose.ts'
import type { Kernel } from '../kernels/kernel.ts'
import { loadAddon } from '../kernels/native/binary.ts'
import { type ParameterSet, releaseParameterSet } from '../parameters/parameter-set.ts'
import type { WorkerContext } from '../protocols/context.ts'
import { cell } from '../protocols/rest/cell.ts'
import { sequence } from '../protocols/rest/sequence.ts'
import type { ReceivedCall } from '../protocols/v2/call.ts'
import { endStream } from '../protocols/v2/end-stream.ts'
import { infer, inferCall } from '../protocols/v2/infer.ts'
import type { LoadRequest } from '../protocols/v2/load-request.ts'
import { openStream } from '../protocols/v2/open-stream.ts'
import { breathe } from './breath.ts'
import type { Place } from './crew.ts'
import { collectGarbage } from './garbage.ts'
import { Helper } from './helper.ts'
import type { Limits } from './limits.ts'
import type {
  Computed,
  InferenceKind,
  MovedImport,
  MovedOperation,
  MovedResult,
  PartOutcome,
  RestoredSet
} from './messages.ts'
import type { Part } from './part.ts'
import { type PublishedSet, SetRegistry } from './registry.ts'
import { RowCounts } from './row-counts.ts'
import { RunningValues } from './running-values.ts'
import { Sharing } from './sharing.ts'
import { Stepper } from './stepper.ts'

export interface ExecutorOptions {
  readonly kernel: SharedKernel
  readonly limits: Limits
  /** The sets that are there already. */
  readonly sets: ReadonlyMap<string, PublishedSet>
  /** Threads that a wide job may be divided among, this one included. */
  readonly workers: number
  /** Number of this thread: whose memory is whose. */
  readonly owner: number
  /** It is the thread of Background, which leaves others their turn. */
  readonly background?: boolean
  /** Memory of RowCounts. */
  readonly rowCounts: SharedArrayBuffer
  /** Memory of RunningValues, and this thread's place in it. */
  readonly runningValues: SharedArrayBuffer
  readonly slot: number
  /** Told of a set that was replaced or withdrawn and is used here no more. */
  readonly onIdle: (handle: number) => void
  /** Gives a part of a wide job away; `partEnded` has to say what became of it. */
  readonly share: (id: number, part: Part) => void
  /** Offers a place in a crew; `partEnded` has to say that nobody has it, or has it any more. */
  readonly offer: (id: number, place: Place) => void
}

/** A file above this leaves so much behind that it is not left to chance when that is freed. */
const LARGE_BYTES = 4 * 1024 * 1024

const inferences = { cell, sequence, infer, openStream, endStream } satisfies Record<InferenceKind, unknown>

/** Everything that a thread needs to run operations: its kernel, its view of the sets, its tick loop. */
export class Executor {
  readonly sets: SetRegistry
  readonly #kernel: Kernel
  readonly #stepper: Stepper
  readonly #sharing: Sharing
  readonly #helper: Helper
  readonly #context: WorkerContext
  /** By operation: what to set to 1 to end its job at the next tick. */
  readonly #stops = new Map<number, Float32Array>()

  constructor(options: ExecutorOptions) {
    const { kernel, limits, sets, workers, onIdle, share, offer } = options
    this.sets = new SetRegistry(sets, onIdle)
    this.#kernel = createKernel(kernel, options.owner)
    useNativeCodec(kernel.name === 'native' ? (loadAddon().codec as NativeCodec | undefined) : undefined)
    this.#stepper = new Stepper(this.#kernel, new RowCounts(options.rowCounts))
    const runningValues = new RunningValues(options.runningValues, options.slot, limits.maxRunningValues)
    const places = Array.from({ length: workers }, (_, slot) => slot)
    this.#sharing = new Sharing({
      kernel: this.#kernel,
      stepper: this.#stepper,
      workers,
      handOver: share,
      offer,
      someIdle: () => runningValues.someIdle(places)
    })
    this.#helper = new Helper(this.#kernel)
    this.#context = {
      kernel: this.#kernel,
      sharing: this.#sharing,
      sets: this.sets,
      limits,
      runningValues,
      pause: options.background === true ? breathe : undefined,
      onJob: () => {}
    }
  }

  /**
   * The body has been read when this returns.
   * @param id by which it can be stopped, until it is forgotten
   */
  infer(kind: InferenceKind, body: Uint8Array, id?: number): Promise<Computed> {
    this.#helper.leave()
    return inferences[kind](body, this.#contextFor(id))
  }

  /** The same for a call of the Open Inference Protocol that was made on this thread. */
  inferCall(received: ReceivedCall, id?: number): Promise<Computed> {
    this.#helper.leave()
    return inferCall(received, this.#contextFor(id))
  }

  #contextFor(id: number | undefined): WorkerContext {
    if (id === undefined) return this.#context
    // each by its name: to spread the object takes several times as long
    const { kernel, sharing, sets, limits, runningValues, pause } = this.#context
    const onJob = (stop: Float32Array) => void this.#stops.set(id, stop)
    return { kernel, sharing, sets, limits, runningValues, pause, onJob }
  }

  /** Ends the job of an inference at the next tick. */
  stop(id: number): void {
    this.#stops.get(id)?.fill(1)
  }

  forget(id: number): void {
    this.#stops.delete(id)
  }

  run(operation: MovedOperation, id: number): MovedResult | Promise<MovedResult> {
    this.#helper.leave()
    switch (operation.kind) {
      case 'import':
        return this.#import(operation)
      case 'restore':
        return this.#restore(operation)
      case 'export':
        return this.#export(operation)
      case 'read-load':
        return this.#readLoad(operation.body)
      default:
        return this.infer(operation.kind, operation.body, id)
    }
  }

  // Readers and writers of files are some fifty modules: a thread that is asked for neither starts without them.

  async #import(operation: MovedImport): Promise<ParameterSet> {
    const { keepSet } = await import('../protocols/rest/kept-set.ts')
    try {
      return await keepSet(operation, this.#context)
    } finally {
      // later, when nothing here holds on to the body and the arrays any more
      if (operation.body.byteLength > LARGE_BYTES) setImmediate(collectGarbage)
    }
  }

  async #restore({ path, settings }: Extract<MovedOperation, { kind: 'restore' }>): Promise<RestoredSet> {
    const { restoreSet } = await import('../protocols/rest/kept-set.ts')
    const restored = await restoreSet(path, this.#context, settings)
    if (restored.set.bytes > LARGE_BYTES) setImmediate(collectGarbage)
    return restored
  }

  async #export({ set, format, encoding }: Extract<MovedOperation, { kind: 'export' }>): Promise<MovedResult> {
    const { exportSet } = await import('../protocols/rest/export-set.ts')
    return exportSet(set, format, encoding, this.#context)
  }

  async #readLoad(body: Uint8Array): Promise<LoadRequest> {
    const { readLoadRequest } = await import('../protocols/v2/load-request.ts')
    const request = readLoadRequest(body, this.#context.limits.maxJsonDepth)
    if (body.byteLength > LARGE_BYTES) setImmediate(collectGarbage)
    return request
  }

  /** Steps a part of somebody's job to its end. */
  runPart(part: Part): Promise<PartOutcome> {
    this.#helper.leave()
    return this.#stepper.run(part).then(
      (cost) => ({ type: 'computed', ...cost }),
      (error) => (part.stop[0] === 0 ? { type: 'fault', stack: stackOf(error) } : { type: 'stopped' })
    )
  }

  /** Takes a place in the crew of somebody's part until there is something else to do here, or nothing there. */
  help(place: Place): Promise<void> {
    return this.#helper.help(place)
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
    this.#helper.leave()
    this.#kernel.close()
  }
}

/** What the log gets to see of a fault. */
export function stackOf(error: unknown): string {
  return error instanceof Error ? String(error.stack) : String(error)
}
