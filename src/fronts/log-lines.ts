/** Characters of log lines that are gathered before they go out, and how long they may wait for more. */
const GATHER = 32_768
const GATHER_MS = 200

/** The log of a front: lines go to the main thread, many at a time, so that those of all threads stay whole. */
export class LogLines {
  readonly #send: (lines: string) => void
  #lines = ''
  #timer: NodeJS.Timeout | undefined

  constructor(send: (lines: string) => void) {
    this.#send = send
  }

  /** For pino. */
  write(line: string): void {
    this.#lines += line
    if (this.#lines.length >= GATHER) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), GATHER_MS).unref()
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#lines !== '') this.#send(this.#lines)
    this.#lines = ''
  }
}
