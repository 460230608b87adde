// shutdown.mjs [ROUNDS]: SIGTERM under load. Clients go on until /health/ready says no, as a balancer would; every
// request that they sent is answered with 200, and the process ends with 0. 50 rounds by hand, a few in CI. Needs a build.
import { set, startServer } from './server.mjs'

const rounds = Number(process.argv[2] ?? 50)
const body = JSON.stringify({
  parameters: set(1, 4, 32, 2),
  x: Array.from({ length: 4 }, () => [Array.from({ length: 300 }, (_, t) => (t % 7) / 7)]),
  outputs: ['a_last']
})
let answered = 0
for (let round = 0; round < rounds; round++) {
  const server = await startServer({ LSTM_WORKERS: '2', LSTM_SHUTDOWN_DELAY_MS: '300' })
  let ready = true
  const client = async () => {
    while (ready) {
      const answer = await fetch(`${server.origin}/sequence`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body
      })
      await answer.arrayBuffer()
      if (answer.status !== 200) throw new Error(`round ${round}: answered ${answer.status}`)
      answered++
    }
  }
  const balancer = async () => {
    while (ready) {
      ready = (await fetch(`${server.origin}/health/ready`)).status === 200
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const clients = Promise.all([...Array.from({ length: 8 }, client), balancer()])
  await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 300))
  const ended = server.end('SIGTERM')
  await clients
  const code = await ended
  if (code !== 0) throw new Error(`round ${round}: the process ended with ${code}`)
}
console.log(`ok - ${rounds} times SIGTERM under load, ${answered} requests, none lost`)
