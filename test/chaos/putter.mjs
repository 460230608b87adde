// putter.mjs ORIGIN: the client of put-under-load.mjs that puts sets in, a process of its own: to write 64 MB holds up the
// event loop that it is done on, and the answers that are measured must not wait for that. It stands for another machine,
// so it steps back where there is no other machine.
import { setPriority } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { Clients } from './clients.mjs'
import { largeSet } from './large-set.mjs'

const PIECE_BYTES = 65_536
const EVERY_MS = 1000
const GIVEN_UP_MS = 15_000

setPriority(0, 19)
const clients = new Clients(process.argv[2], 1)
const files = [largeSet(0), largeSet(7)]
const put = (version) =>
  clients.ask('PUT', '/parameters/large', inPieces(files[version]), {
    'content-type': 'application/octet-stream',
    'content-length': files[version].length
  })

/** As a network brings it: written at once, it would keep the core in the system's own code for milliseconds. */
async function* inPieces(file) {
  for (let at = 0; at < file.length; at += PIECE_BYTES) yield file.subarray(at, at + PIECE_BYTES)
}

let putting = false
let puts = 0

async function keepPutting() {
  while (putting) {
    const begin = performance.now()
    const answer = await Promise.race([
      put(puts++ % 2),
      setTimeout(GIVEN_UP_MS, { status: 0, text: `no answer after ${GIVEN_UP_MS} ms` }, { ref: false })
    ])
    process.send({ type: 'put', status: answer.status, text: answer.text, ms: performance.now() - begin })
    if (answer.status === 0) break
    await setTimeout(Math.max(0, EVERY_MS - (performance.now() - begin)))
  }
  process.send({ type: 'over' })
}

process.on('message', async ({ type, version }) => {
  if (type === 'put') process.send({ type: 'put', ...(await put(version)) })
  if (type === 'begin') {
    putting = true
    void keepPutting()
  }
  if (type === 'stop') putting = false
  if (type === 'end') {
    clients.close()
    process.disconnect()
  }
})
process.send({ type: 'ready', bytes: files[0].length })
