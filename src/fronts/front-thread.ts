import { maxHeaderSize } from 'node:http'
import { Worker } from 'node:worker_threads'
import type { Guest } from '../engine/guests.ts'
import type { Pool } from '../engine/pool.ts'
import type { SequenceRunner } from '../sequences/inferences.ts'
import { Entrusted } from './entrusted.ts'
import { Gauges } from './gauges.ts'
import type { FromFront, FrontData, ReportedInferences, ToFront } from './messages.ts'

/** The build's extension here is the build's extension there; a worker's URL is not rewritten by the compiler. */
const frontUrl = new URL(`./front${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

export interface FrontEvents {
  /** A channel's end, whose requests are to be answered. */
  onChannel(fd: number): void
  onLog(lines: string): void
  onInferences(inferences: ReportedInferences): void
  onError(error: Error): void
  /** The thread has ended; `unused` are the connections that it was given and did not take. */
  onExit(unused: readonly number[]): void
}

/** One front, seen from the main thread. */
export class FrontThread implements Guest {
  ready = false
  readonly #gauges = new Gauges()
  readonly #worker: Worker
  readonly #pool: Pool
  /** The connections given lately: with each the number of messages up to it. */
  readonly #given: { readonly fd: number; readonly message: number }[] = []
  /** Those who wait until it has told of the inferences that it has answered, in the order in which it was asked. */
  readonly #reportees: (() => void)[] = []
  #posted = 0

  constructor(
    number: number,
    pool: Pool,
    sequences: SequenceRunner,
    data: Omit<FrontData, 'lodging' | 'gauges'>,
    { onChannel, onLog, onInferences, onError, onExit }: FrontEvents,
    onReady: () => void
  ) {
    this.#pool = pool
    const entrusted = new Entrusted(pool, sequences, (message) => this.post(message), onError)
    const workerData: FrontData = { ...data, lodging: pool.guests.receive(this, number), gauges: this.#gauges.memory }
    // of Node's own flags this one has to be the same for all who take requests
    const execArgv = [`--max-http-header-size=${maxHeaderSize}`]
    this.#worker = new Worker(frontUrl, { workerData, execArgv })
    this.#worker.on('message', (message: FromFront) => {
      switch (message.type) {
        case 'ready':
          this.ready = true
          onReady()
          break
        case 'channel':
          onChannel(message.fd)
          break
        case 'log':
          onLog(message.lines)
          break
        case 'inferences':
          onInferences(message)
          break
        case 'reported':
          this.#reportees.shift()?.()
          break
        case 'idle':
          pool.guests.letGo(message.handle, this)
          break
        default:
          entrusted.receive(message)
      }
    })
    this.#worker.on('error', onError)
    this.#worker.on('exit', () => {
      this.ready = false
      entrusted.end()
      for (const resolve of this.#reportees.splice(0)) resolve()
      this.#pool.guests.dismiss(this)
      const taken = this.#posted - this.#gauges.waiting
      onExit(this.#given.filter(({ message }) => message > taken).map(({ fd }) => fd))
    })
  }

  /** Connections that it was given and that are open. */
  get connections(): number {
    return this.#gauges.connections
  }

  /** Gives it a connection, whose descriptor is the front's from now on. */
  give(fd: number): void {
    this.#gauges.connected()
    const taken = this.#posted - this.#gauges.waiting
    while (this.#given.length > 0 && this.#given[0].message <= taken) this.#given.shift()
    this.post({ type: 'connection', fd })
    this.#given.push({ fd, message: this.#posted })
  }

  /** Resolves when it has told of all inferences that it has answered before this, or has ended. */
  report(): Promise<void> {
    return new Promise((resolve) => {
      this.#reportees.push(resolve)
      this.post({ type: 'report' })
    })
  }

  post(message: ToFront): void {
    this.#worker.postMessage(message)
    this.#posted++
    this.#gauges.posted()
  }

  terminate(): void {
    void this.#worker.terminate()
  }
}
