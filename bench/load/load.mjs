import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { adopt, stop } from '../children.mjs'

/** A load generator in its own process. */
export class LoadGenerator {
  #child = adopt(fork(fileURLToPath(new URL('generator.mjs', import.meta.url)), { serialization: 'advanced' }))
  #pending = new Map()
  #next = 0

  constructor() {
    this.#child.on('message', ({ id, result, error }) => {
      const { resolve, reject } = this.#pending.get(id)
      this.#pending.delete(id)
      if (error === undefined) resolve(result)
      else reject(new Error(error))
    })
    this.#child.once('exit', () => {
      for (const { reject } of this.#pending.values()) reject(new Error('the load generator has ended'))
    })
  }

  /** Loads a server; generator.mjs says what a load is. Several may run at once. */
  run(load) {
    const id = this.#next++
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject })
      this.#child.send({ id, load: { warmSeconds: 0.15, atLeast: 0, ...load } })
    })
  }

  stop() {
    return stop(this.#child)
  }
}
