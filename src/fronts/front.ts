import { Socket } from 'node:net'
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { RequestCounts } from '../metrics/request-counts.ts'
import { loadDescriptors } from './descriptors.ts'
import { Forwarder } from './forward.ts'
import { buildFrontApp } from './front-app.ts'
import { FrontPool } from './front-pool.ts'
import { Gauges } from './gauges.ts'
import { Handover } from './handover.ts'
import { isHot } from './hot-routes.ts'
import { InferenceReports } from './inference-reports.ts'
import { LogLines } from './log-lines.ts'
import type { FromFront, FrontData, ToFront } from './messages.ts'

/**
 * The entry of a front: a thread that takes requests over connections of its own. It answers short inferences itself,
 * with the routes, plugins and sets of the main thread, and passes all other requests on to it.
 */

/** How often connections that have become idle are closed at the end. */
const SWEEP_MS = 50

const port = parentPort as MessagePort
const { config, lodging, counts, gauges: gaugesMemory } = workerData as FrontData
const gauges = new Gauges(gaugesMemory)
const log = new LogLines((lines) => send({ type: 'log', lines }))
const handover = new Handover(send)
const pool = new FrontPool(lodging, (handle) => send({ type: 'idle', handle }), catchUp, handover)
const forwarder = new Forwarder(loadDescriptors()!, (fd) => send({ type: 'channel', fd }))
const reports = new InferenceReports((inferences) => send({ type: 'inferences', ...inferences }))
const own = { pool, sequenceInferences: handover.sequences, modelStatistics: reports }
const app = await buildFrontApp(config, own, { log, requests: new RequestCounts(counts) })
const { server } = app

const [answer] = server.listeners('request') as ((...args: unknown[]) => void)[]
server.removeAllListeners('request')
server.on('request', (request, response) => {
  if (isHot(request)) answer.call(server, request, response)
  else forwarder.forward(request, response)
})
// the server never listens, but its connections have the time-outs of one that does
server.emit('listening')
process.on('unhandledRejection', (err) => app.log.error({ err }, 'a promise was rejected and nobody waited for it'))
port.on('message', handle)
send({ type: 'ready' })

function handle(message: ToFront): void {
  gauges.taken()
  switch (message.type) {
    case 'connection':
      connect(message.fd)
      break
    case 'set':
      pool.executor.sets.publish(message.name, message.published)
      break
    case 'unset':
      pool.executor.sets.withdraw(message.name)
      break
    case 'drain':
      app.drain.begin()
      break
    case 'report':
      reports.flush()
      send({ type: 'reported' })
      break
    case 'close':
      app.drain.begin()
      sweep()
      break
    default:
      handover.receive(message)
  }
}

/** What has been posted is handled before the next inference begins: it sees the sets of the moment in which it came. */
function catchUp(): void {
  while (gauges.waiting > 0) {
    const waiting = receiveMessageOnPort(port)
    if (waiting === undefined) return
    handle(waiting.message)
  }
}

function connect(fd: number): void {
  const socket = new Socket({ fd, allowHalfOpen: true })
  socket.setNoDelay(true)
  socket.once('close', () => gauges.disconnected())
  server.emit('connection', socket)
}

/** Ends the thread when no connection is left. */
function sweep(): void {
  server.closeIdleConnections()
  if (gauges.connections > 0) {
    setTimeout(sweep, SWEEP_MS)
    return
  }
  port.off('message', handle)
  forwarder.close()
  void app.close().then(() => {
    log.flush()
    reports.flush()
    pool.executor.close()
    port.close()
  })
}

function send(message: FromFront, moved: ArrayBuffer[] = []): void {
  port.postMessage(message, moved)
}
