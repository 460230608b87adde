import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Worker } from 'node:worker_threads'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import type { Config } from '../../src/config.ts'
import { startService } from '../service.ts'

/** A service that several threads take requests for, on a port. */

interface Told {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly text: string
}

interface Question {
  readonly method?: string
  readonly path: string
  /** An object is sent as JSON. */
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

/** A connection that is kept, so that all that is asked goes to one thread. */
interface Line {
  ask(question: Question): Promise<Told>
  close(): void
}

export interface Threads {
  readonly app: FastifyInstance
  readonly port: number
  /** The threads beside the main one. */
  readonly workers: readonly Worker[]
  /** One kept connection to each thread, the main thread's first. */
  lines(): Promise<Line[]>
  socket(): Promise<Socket>
}

export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2))
}

export async function startThreads(t: Test, httpThreads: number, overrides: Partial<Config> = {}): Promise<Threads> {
  const { app } = await startService(t, { httpThreads, ...overrides })
  const workers: Worker[] = []
  const collect = (worker: Worker) => workers.push(worker)
  process.on('worker', collect)
  await app.fronts.start()
  process.off('worker', collect)
  const port = Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port)
  const socket = async () => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    t.teardown(() => socket.destroy())
    await once(socket, 'connect')
    return socket
  }

  async function lines(): Promise<Line[]> {
    const opened: Line[] = []
    const before = sum(app.fronts.connections)
    while (opened.length < httpThreads) {
      const line = openLine(port)
      t.teardown(() => line.close())
      await line.ask({ method: 'GET', path: '/health/live' })
      opened.push(line)
      await until(() => sum(app.fronts.connections) === before + opened.length)
    }
    return opened
  }

  return { app, port, workers, lines, socket }
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

function openLine(port: number): Line {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  return {
    ask: ({ method = 'POST', path, body, headers = {} }) =>
      new Promise((resolve, reject) => {
        const json = body !== undefined && !(body instanceof Uint8Array)
        const payload = json ? JSON.stringify(body) : (body as Uint8Array | undefined)
        const type: Record<string, string> = json ? { 'content-type': 'application/json' } : {}
        const length: Record<string, string> =
          payload === undefined || headers['transfer-encoding'] !== undefined
            ? {}
            : { 'content-length': String(Buffer.byteLength(payload)) }
        const sent = request({ port, agent, method, path, headers: { ...type, ...length, ...headers } })
        sent.once('error', reject)
        sent.once('response', (answer) => {
          const chunks: Buffer[] = []
          answer.on('data', (chunk: Buffer) => chunks.push(chunk))
          answer.once('error', reject)
          answer.once('end', () =>
            resolve({
              status: answer.statusCode!,
              headers: answer.headers,
              text: Buffer.concat(chunks).toString('latin1')
            })
          )
        })
        sent.end(payload)
      }),
    close: () => agent.destroy()
  }
}
