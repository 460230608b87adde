// Clients of the programs of this folder, over http's own agent, and what they count.
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { Readable } from 'node:stream'

export class Clients {
  #agent
  #port

  /** @param sockets most connections at once; more requests than that wait here */
  constructor(origin, sockets) {
    this.#port = new URL(origin).port
    this.#agent = new Agent({ keepAlive: true, maxSockets: sockets })
  }

  /**
   * @param body whole, or in pieces, with a content-length among the headers
   * @returns status, headers, text of the answer, and the milliseconds until it was there
   */
  ask(method, path, body, headers = {}) {
    const begin = performance.now()
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          host: '127.0.0.1',
          port: this.#port,
          method,
          path,
          agent: this.#agent,
          headers: { 'content-type': 'application/json', 'content-length': body?.length ?? 0, ...headers }
        },
        (answer) => {
          const pieces = []
          answer.on('data', (piece) => pieces.push(piece))
          answer.on('error', reject)
          answer.on('end', () =>
            resolve({
              status: answer.statusCode,
              headers: answer.headers,
              text: Buffer.concat(pieces).toString(),
              ms: performance.now() - begin
            })
          )
        }
      )
      sent.on('error', reject)
      if (body === undefined || Buffer.isBuffer(body)) sent.end(body)
      else Readable.from(body, { objectMode: false }).pipe(sent)
    })
  }

  close() {
    this.#agent.destroy()
  }
}

/** The value below which the share `q` of the numbers lies. */
export function quantile(numbers, q) {
  const sorted = Float64Array.from(numbers).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]
}

export function residentBytes(pid) {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024
}

export const megabytes = (bytes) => Math.round(bytes / 2 ** 20)

export const json = (value) => Buffer.from(JSON.stringify(value))

/**
 * Whether a run is long enough to hold its ratios of times against their bounds. A few seconds give too few answers for
 * that, on a machine that may be busy with something else: a short run shows the ratios, and judges the answers.
 */
export const judgesTimes = (seconds) => seconds >= 30

/** Prints what was found, and says of every bound that is broken so. */
export function report(rows, broken, summary) {
  console.table(rows)
  if (broken.length > 0) {
    console.error(`not ok - ${broken.length} bounds are broken:\n${broken.slice(0, 10).join('\n')}`)
    process.exitCode = 1
  } else console.log(`ok - ${summary}`)
}
