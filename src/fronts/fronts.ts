import { createServer, maxHeaderSize, type Server } from 'node:http'
import { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config.ts'
import { Restarts } from '../engine/restarts.ts'
import type { HttpThreads } from '../metrics/registry.ts'
import { RequestCounts } from '../metrics/request-counts.ts'
import { loadDescriptors } from './descriptors.ts'
import { FrontThread } from './front-thread.ts'
import { hotOperations } from './hot-routes.ts'
import { report } from './inference-reports.ts'

/**
 * The threads beside the main one that take requests. The main thread accepts every connection and gives each to the
 * thread that has the fewest, itself among them. It is the only one that changes anything: what a front does not
 * answer by itself comes back over a channel and is answered as if it had come here.
 */
export class Fronts implements HttpThreads {
  readonly #app: FastifyInstance
  readonly #config: Config
  readonly #onLog: (lines: string) => void
  readonly #descriptors = loadDescriptors()
  readonly #fronts: (FrontThread | undefined)[]
  readonly #counts: RequestCounts[]
  readonly #memories
  readonly #channels: Server
  /** Connections of this thread. */
  #own = 0
  #draining = false
  #closing = false
  #ended: () => void = () => {}
  readonly restarts = new Restarts((number) => this.#add(number).catch(() => {})) // its exit has been seen to

  /** @param count how many there are to be, besides the main thread */
  constructor(app: FastifyInstance, config: Config, count: number, onLog: (lines: string) => void) {
    this.#app = app
    this.#config = config
    this.#onLog = onLog
    this.#fronts = Array.from({ length: count }, () => undefined)
    this.#memories = this.#fronts.map(() => RequestCounts.createMemory([...hotOperations, 'other']))
    this.#counts = this.#memories.map((memory) => new RequestCounts(memory))
    // Requests that fronts have let in. Their channels are kept until the fronts close them, and all time-outs are theirs.
    // A request of HTTP/1.0 comes as one of 1.1, and may have no Host.
    const options = { keepAliveTimeout: 0, maxHeaderSize: 4 * maxHeaderSize, requireHostHeader: false }
    this.#channels = createServer(options, app.routing)
  }

  /** The main thread, and the fronts that take connections. */
  get threads(): number {
    return 1 + this.#ready.length
  }

  get requests(): RequestCounts {
    return RequestCounts.sum([this.#app.requestCounts, ...this.#counts])
  }

  /** Connections by thread, the main thread's first. */
  get connections(): number[] {
    return [this.#own, ...this.#fronts.map((front) => front?.connections ?? 0)]
  }

  get #ready(): FrontThread[] {
    return this.#fronts.filter((front) => front?.ready) as FrontThread[]
  }

  /** Resolves when all are there, or have ended and will be started again; connections that come from then on are spread. */
  async start(): Promise<void> {
    if (this.#fronts.length === 0) return
    await Promise.allSettled(this.#fronts.map((_, number) => this.#add(number)))
    const { server } = this.#app
    const serve = server.listeners('connection')
    server.removeAllListeners('connection')
    // nothing has been read from the socket when this is called
    server.on('connection', (socket: Socket) => {
      if (!this.#giveAway(socket)) this.#keep(socket, serve)
    })
  }

  /** Resolves when the statistics of models have all that has been answered before this, on every thread. */
  async reported(): Promise<void> {
    await Promise.all(this.#ready.map((front) => front.report()))
  }

  /** From now on answers say that their connection closes. */
  drain(): void {
    this.#draining = true
    for (const front of this.#ready) front.post({ type: 'drain' })
  }

  /** No connections will come any more: each front ends with its last one. */
  beginClose(): void {
    this.#closing = true
    this.restarts.cancel()
    for (const front of this.#fronts) front?.post({ type: 'close' })
  }

  /** Resolves when all have ended. */
  async close(): Promise<void> {
    if (this.#fronts.some((front) => front !== undefined)) {
      await new Promise<void>((resolve) => {
        this.#ended = resolve
      })
    }
  }

  // biome-ignore lint/complexity/noBannedTypes: that is what `listeners` gives
  #keep(socket: Socket, serve: Function[]): void {
    this.#own++
    socket.once('close', () => this.#own--)
    for (const each of serve) each.call(this.#app.server, socket)
  }

  /** @returns false when this thread has the fewest connections, or the socket cannot be given away */
  #giveAway(socket: Socket): boolean {
    let least: FrontThread | undefined
    for (const front of this.#ready) {
      if (front.connections < (least?.connections ?? this.#own)) least = front
    }
    const { fd } = (socket as unknown as { _handle: { fd: number } | null })._handle ?? { fd: -1 }
    if (least === undefined || fd < 0) return false
    try {
      least.give(this.#descriptors!.duplicate(fd))
    } catch {
      return false // no descriptor is free
    }
    socket.destroy() // closes this thread's descriptor; the connection stays
    return true
  }

  /** Resolves when the front is ready, rejects when it ends before that. */
  #add(number: number): Promise<void> {
    const { log, pool, sequenceInferences } = this.#app
    return new Promise((resolve, reject) => {
      const front = new FrontThread(
        number,
        pool,
        sequenceInferences,
        { config: this.#config, counts: this.#memories[number] },
        {
          onChannel: (fd) => this.#takeChannel(fd),
          onLog: this.#onLog,
          onInferences: (inferences) => report(inferences, this.#app.modelStatistics),
          onError: (err) => log.error({ err }, 'an HTTP thread failed'),
          onExit: (unused) => {
            this.#fronts[number] = undefined
            this.#counts[number].inFlight = 0
            for (const fd of unused) this.#takeBack(fd)
            if (!this.#closing) this.restarts.schedule(number)
            if (this.#fronts.every((each) => each === undefined)) this.#ended()
            reject(new Error('an HTTP thread ended before it was ready'))
          }
        },
        () => {
          if (this.#draining) front.post({ type: 'drain' })
          this.restarts.worked()
          resolve()
        }
      )
      this.#fronts[number] = front
      if (this.#closing) front.post({ type: 'close' })
    })
  }

  /** The front ends each channel: one closed here, with a body that nobody reads on its way, could lose its answer. */
  #takeChannel(fd: number): void {
    const channel = new Socket({ fd, allowHalfOpen: true })
    channel.destroySoon = () => channel.end()
    this.#channels.emit('connection', channel)
  }

  /** A connection that its front did not take before it ended. */
  #takeBack(fd: number): void {
    const socket = new Socket({ fd, allowHalfOpen: true })
    socket.setNoDelay(true)
    this.#app.server.emit('connection', socket)
  }
}
