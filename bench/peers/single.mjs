// One process, with a thread per core for large models: node bench/peers/single.mjs DIRECTORY
import { availableParallelism } from 'node:os'
import { buildPeer } from './app.mjs'

const app = await buildPeer(process.argv[2], availableParallelism())
console.log(`listening at ${await app.listen({ host: '127.0.0.1', port: 0 })}`)
