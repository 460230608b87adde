import type { FastifyBaseLogger, FastifyInstance } from 'fastify'

type Log = (...args: unknown[]) => void
type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'

/**
 * The logger of a request: a child of the server's that knows the request's id, made when it is first used. Of most
 * requests nothing is logged but the line of their answer, which names the id itself.
 */
class RequestLogger {
  readonly #parent: FastifyBaseLogger
  readonly #bindings: Parameters<FastifyBaseLogger['child']>[0]
  readonly #options: Parameters<FastifyBaseLogger['child']>[1]
  #made: FastifyBaseLogger | undefined

  constructor(
    parent: FastifyBaseLogger,
    bindings: Parameters<FastifyBaseLogger['child']>[0],
    options: Parameters<FastifyBaseLogger['child']>[1]
  ) {
    this.#parent = parent
    this.#bindings = bindings
    this.#options = options
  }

  get #child(): FastifyBaseLogger {
    this.#made ??= this.#parent.child(this.#bindings, this.#options)
    return this.#made
  }

  get level(): string {
    return this.#child.level
  }

  set level(level: string) {
    this.#child.level = level
  }

  child(...args: Parameters<FastifyBaseLogger['child']>): FastifyBaseLogger {
    return this.#child.child(...args)
  }

  #log(level: Level, args: unknown[]): void {
    ;(this.#child[level] as Log)(...args)
  }

  fatal(...args: unknown[]): void {
    this.#log('fatal', args)
  }

  error(...args: unknown[]): void {
    this.#log('error', args)
  }

  warn(...args: unknown[]): void {
    this.#log('warn', args)
  }

  info(...args: unknown[]): void {
    this.#log('info', args)
  }

  debug(...args: unknown[]): void {
    this.#log('debug', args)
  }

  trace(...args: unknown[]): void {
    this.#log('trace', args)
  }

  silent(...args: unknown[]): void {
    this.#log('silent', args)
  }
}

/** For Fastify, which asks for one at each request. */
export function childLoggerFactory(
  this: FastifyInstance,
  ...args: ConstructorParameters<typeof RequestLogger>
): FastifyBaseLogger {
  return new RequestLogger(...args)
}
