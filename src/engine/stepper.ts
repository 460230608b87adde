import { LstmError } from '../errors.ts'
import type { Kernel, LayerRun, PackedLayer } from '../kernels/kernel.ts'
import type { Crew } from './crew.ts'
import { advanceParts, currentPass, finished, type Part, type PartCost } from './part.ts'
import type { Pass } from './pass.ts'
import { RowCounts } from './row-counts.ts'
import { rowWork } from './split.ts'

/** How long one tick may keep the thread from looking at new messages. */
const TICK_MS = 0.5

/** How long a call may take while somebody may come to help at the next one. */
const EXPECTING_MS = 0.1

/** Multiplications per millisecond that code is taken for until it has shown its speed; low, for short ticks. */
const FIRST_SPEED = 50_000
/** Over how many calls the speed is averaged. */
const SPEED_MEMORY = 16

/** Every so many rounds all take their turn, whatever their priority: nobody waits for ever. */
const ROUND_FOR_ALL = 4

/** The parts of one priority, by the layer that they are in. */
type Level = Map<PackedLayer, Running[]>

interface Running {
  readonly part: Part
  readonly crew: Crew | undefined
  /** Milliseconds of its share in the kernel's calls so far. */
  computeMs: number
  /** Steps that it has made, each divided by the number of parts that made it together. */
  shareOfSteps: number
  readonly resolve: (cost: PartCost) => void
  readonly reject: (error: unknown) => void
}

/**
 * The tick loop of a worker. All parts that are in the same layer advance together, a few time steps at a time; the
 * layers take turns. A new part joins at the next tick, one that is through goes on to the next layer or leaves at
 * once, and between ticks the thread takes messages. Those of a higher priority go first. (Cellular batching: Gao et al., Low Latency RNN Inference with Cellular Batching, EuroSys 2018.)
 */
export class Stepper {
  readonly #kernel: Kernel
  readonly #rowCounts: RowCounts
  /** By priority. */
  readonly #levels = new Map<number, Level>()
  #round = 0
  #scheduled = false
  /** Multiplications per millisecond with so many helpers. */
  readonly #speeds: number[] = [FIRST_SPEED]

  /** @param rowCounts counts the rows of each call of the kernel */
  constructor(kernel: Kernel, rowCounts = new RowCounts()) {
    this.#kernel = kernel
    this.#rowCounts = rowCounts
  }

  /**
   * Resolves when the part has made its last step. Rejects with what the kernel threw, or LSTM_ERR_CLIENT_GONE at the
   * tick after it was stopped.
   * @param crew helps while the part is alone here
   */
  run(part: Part, crew?: Crew): Promise<PartCost> {
    return new Promise((resolve, reject) => {
      this.#join({ part, crew, computeMs: 0, shareOfSteps: 0, resolve, reject })
      this.#schedule()
    })
  }

  /** To those of the same priority that are in the same layer. */
  #join(running: Running): void {
    const { priority } = running.part
    let level = this.#levels.get(priority)
    if (level === undefined) {
      level = new Map()
      this.#levels.set(priority, level)
      // whoever waits for its turn now shall not keep helpers meanwhile
      if (this.#levels.size > 1) this.#dismissCrews()
    }
    joinLevel(level, running)
  }

  #dismissCrews(): void {
    for (const level of this.#levels.values()) {
      for (const running of level.values()) for (const { crew } of running) crew?.dismiss()
    }
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#tick()
      if (this.#levels.size > 0) this.#schedule()
    })
  }

  /** Goes on until a part is done, whose answer should not wait, or the time is up. */
  #tick(): void {
    const end = performance.now() + TICK_MS
    let done = false
    while (!done && performance.now() < end) {
      for (const priority of this.#served()) {
        const level = this.#levels.get(priority)!
        // a part that goes on to a layer behind it takes its turn there in the same round
        for (const [layer, running] of level) done = this.#advanceLayer(level, layer, running) || done
        if (level.size === 0) this.#levels.delete(priority)
      }
    }
  }

  /** The priorities that take their turn in the next round. */
  #served(): number[] {
    this.#round++
    const all = [...this.#levels.keys()].sort((a, b) => a - b)
    return this.#round % ROUND_FOR_ALL === 0 ? all : all.slice(0, 1)
  }

  /** Some time steps of all parts that are in one layer. True when one of them is finished. */
  #advanceLayer(level: Level, layer: PackedLayer, running: readonly Running[]): boolean {
    if (running.some(({ part }) => part.stop[0] !== 0)) return dropStopped(level, layer, running)
    const crew = this.#crewOf(level, running)
    const helpers = crew?.gather() ?? 0
    const parts = running.map(({ part }) => part)
    const passes = parts.map(currentPass)
    const work = rowWork({ layer })
    const runs = passes.map(({ run }) => run)
    const speed = this.#speed(helpers)
    const tickMs = helpers === 0 && crew?.expecting ? EXPECTING_MS : TICK_MS
    const steps = stepsAtOnce(runs, work, speed, tickMs / level.size)
    const begin = performance.now()
    let made: number
    try {
      const stepMs = (runs[0].activeRows[runs[0].t] * work) / speed
      const move = helpers > 0 ? () => crew!.advance(steps, stepMs) : undefined
      made = advanceParts(this.#kernel, layer, parts, steps, move)
    } catch (error) {
      level.delete(layer)
      for (const { reject } of running) reject(error)
      return true
    }
    const ms = performance.now() - begin
    const rows = runs.map((run) => rowsOfSteps(run, made))
    const allRows = rows.reduce((sum, each) => sum + each, 0)
    this.#rowCounts.count(Math.ceil(allRows / made))
    if (ms > 0) this.#learn(helpers, (allRows * work) / ms)
    for (const [i, each] of running.entries()) {
      each.computeMs += (ms * rows[i]) / allRows
      each.shareOfSteps += made / running.length
    }
    return moveOn(level, layer, running, passes)
  }

  /** The crew of the only part here. With others there is enough to do, and they would wait at the barrier too. */
  #crewOf(level: Level, running: readonly Running[]): Crew | undefined {
    if (this.#levels.size === 1 && level.size === 1 && running.length === 1) return running[0].crew
    for (const { crew } of running) crew?.dismiss()
    return undefined
  }

  #speed(helpers: number): number {
    return this.#speeds[helpers] ?? this.#speeds[0]
  }

  #learn(helpers: number, seen: number): void {
    const before = this.#speed(helpers)
    this.#speeds[helpers] = before + (seen - before) / SPEED_MEMORY
  }
}

function joinLevel(level: Level, running: Running): void {
  const { layer } = currentPass(running.part)
  const others = level.get(layer)
  if (others === undefined) level.set(layer, [running])
  else others.push(running)
}

function dropStopped(level: Level, layer: PackedLayer, running: readonly Running[]): true {
  const left = running.filter(({ part }) => part.stop[0] === 0)
  if (left.length === 0) level.delete(layer)
  else level.set(layer, left)
  for (const { part, reject } of running) if (part.stop[0] !== 0) reject(new LstmError('LSTM_ERR_CLIENT_GONE', []))
  return true
}

/** Those that have gone through the layer. True when one of them is finished. */
function moveOn(level: Level, layer: PackedLayer, running: readonly Running[], passes: readonly Pass[]): boolean {
  const through = (_: unknown, i: number): boolean => passes[i].run.t === passes[i].run.T_x
  if (!passes.some(({ run }) => run.t === run.T_x)) return false
  const left = running.filter((each, i) => !through(each, i))
  if (left.length === 0) level.delete(layer)
  else level.set(layer, left)
  let done = false
  for (const each of running.filter(through)) {
    if (finished(each.part)) {
      each.resolve({ ms: each.computeMs, executions: each.shareOfSteps / stepsOf(each.part) })
      done = true
    } else {
      joinLevel(level, each)
    }
  }
  return done
}

/** As many steps as fit into the time at this speed, and no more than the first run to end has left. */
function stepsAtOnce(runs: readonly LayerRun[], work: number, speed: number, ms: number): number {
  const left = runs.reduce((least, run) => Math.min(least, run.T_x - run.t), Number.POSITIVE_INFINITY)
  const rows = runs.reduce((sum, run) => sum + run.activeRows[run.t], 0)
  const fit = Math.floor((speed * ms) / (rows * work))
  return Math.max(1, Math.min(left, fit))
}

/** Steps of all passes together. */
function stepsOf({ passes }: Part): number {
  return passes.reduce((sum, { run }) => sum + run.T_x, 0)
}

/** Rows of the run's last `steps` steps together. */
function rowsOfSteps({ t, activeRows }: LayerRun, steps: number): number {
  let rows = 0
  for (let step = t - steps; step < t; step++) rows += activeRows[step]
  return rows
}
