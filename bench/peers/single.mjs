// One process: node bench/peers/single.mjs DIRECTORY THREADS
import { buildPeer } from './app.mjs'

const [directory, threads] = process.argv.slice(2)
const app = await buildPeer(directory, Number(threads))
console.log(`listening at ${await app.listen({ host: '127.0.0.1', port: 0 })}`)
