import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
  request,
  type ServerResponse
} from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Descriptors } from '../kernels/native/binary.ts'

/** Channels that are kept open while nobody uses them. */
const IDLE_CHANNELS = 16

/** What belongs to one connection and not to the request (RFC 9110, 7.6.1); 100 has been sent already. */
const ofConnection = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'upgrade', 'expect'])
/** The same of an answer: a client of HTTP/1.0 gets it in another form. */
const ofConnectionBack = new Set(['connection', 'keep-alive', 'transfer-encoding'])

/**
 * Passes requests to the main thread and its answers back, as HTTP over channels: pairs of sockets, one end in each
 * thread. Bodies stream in both directions, at the pace of the slower side, and what one side breaks off ends for the other.
 */
export class Forwarder {
  readonly #agent: Agent

  /** @param give takes the main thread's end of a new channel */
  constructor(descriptors: Descriptors, give: (fd: number) => void) {
    this.#agent = new Agent({ keepAlive: true, maxFreeSockets: IDLE_CHANNELS, scheduling: 'lifo' })
    this.#agent.createConnection = (): Duplex => {
      const [mine, theirs] = descriptors.pair()
      give(theirs)
      return new Socket({ fd: mine, allowHalfOpen: true })
    }
  }

  forward(from: IncomingMessage, to: ServerResponse): void {
    const onward = this.#request(from)
    if (onward === undefined) {
      to.destroy()
      return
    }
    onward.on('response', (answer) => {
      const closes = answer.headers.connection === 'close'
      const back = [...without(ofConnectionBack, answer.rawHeaders), ...(closes ? ['Connection', 'close'] : [])]
      to.writeHead(answer.statusCode!, answer.statusMessage, back)
      answer.pipe(to)
      answer.on('error', () => to.destroy())
    })
    // an answer may come before the body is there; whatever breaks then, the answer counts
    onward.on('error', () => {
      if (!to.headersSent) to.destroy()
    })
    // What has not come to its end by now is wanted no more, and would hold its channel for ever: once an answer is
    // complete, Node does not say any more that the rest of the body can be written.
    to.on('close', () => {
      if (!to.writableFinished || !onward.writableFinished) onward.destroy()
    })
    // The rest of a body that nobody takes is read, so that the next request on the connection is seen. A pipe that
    // ends with its destination would pause the source behind this.
    onward.on('close', () => {
      from.unpipe(onward)
      from.resume()
    })
    // the head goes with the body's first piece, or by itself: it may be refused, and the body never come
    setImmediate(() => {
      if (!from.readableDidRead && !onward.writableEnded && !onward.destroyed) onward.flushHeaders()
    })
    from.pipe(onward)
  }

  /** @returns nothing when it is no request that can be written again */
  #request({ method, url, headers, rawHeaders }: IncomingMessage): ClientRequest | undefined {
    const onward = without(ofConnection, rawHeaders)
    // where neither is there the request has no body, but Node would send an empty one in chunks
    const { 'content-length': length, 'transfer-encoding': coding } = headers
    if (length === undefined && coding === undefined && /^P/.test(method!)) onward.push('Content-Length', '0')
    try {
      return request({ agent: this.#agent, method, path: url, headers: onward, setHost: false } as RequestOptions)
    } catch {
      return undefined
    }
  }

  close(): void {
    this.#agent.destroy()
  }
}

function without(dropped: ReadonlySet<string>, rawHeaders: readonly string[]): string[] {
  const kept: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!dropped.has(rawHeaders[i].toLowerCase())) kept.push(rawHeaders[i], rawHeaders[i + 1])
  }
  return kept
}
