// One process per core, each with its own sessions: node bench/peers/cluster.mjs DIRECTORY
import cluster from 'node:cluster'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { buildPeer } from './app.mjs'

if (cluster.isPrimary) {
  const workers = Array.from({ length: availableParallelism() }, () => cluster.fork())
  const addresses = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0]))
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.once(signal, () => {
      for (const worker of workers) worker.kill('SIGTERM')
      process.exit()
    })
  }
  console.log(`listening at ${addresses[0]}`)
} else {
  const app = await buildPeer(process.argv[2], 1)
  process.send(await app.listen({ host: '127.0.0.1', port: 0 }))
  process.once('disconnect', () => process.exit())
}
