import { parentPort, workerData } from 'node:worker_threads'
import type { Place } from '../../src/engine/crew.ts'
import { Helper } from '../../src/engine/helper.ts'
import { NativeKernel } from '../../src/kernels/native/kernel.ts'

/** How a helper goes about its turns: as it should, or as one does that the system does not let run, or that dies. */
export type Behaviour = 'well' | 'late' | 'halfway' | 'dies' | 'restless'

export type ToHelper = { readonly id: number; readonly place: Place } | 'close'
export type FromHelper = { readonly id: number; readonly turns: number }

const { memory, variant, owner, behaviour } = workerData
const kernel = new NativeKernel({ memory, variant, owner })
const still = new Int32Array(new SharedArrayBuffer(4))
const standStill = (ms: number) => Atomics.wait(still, 0, 0, ms)
let turns = 0

const advanceShare: typeof kernel.advanceShare = (layer, run, steps, crew) => {
  turns++
  if (turns % 3 === 2) {
    if (behaviour === 'late') standStill(10)
    if (behaviour === 'dies') process.exit(1)
    if (behaviour === 'halfway') {
      const made = kernel.advanceShare!(layer, run, Math.ceil(steps / 2), crew)
      standStill(10)
      return made
    }
  }
  if (behaviour === 'restless') setTimeout(() => helper.leave(), turns % 5)
  return kernel.advanceShare!(layer, run, steps, crew)
}
const helper = new Helper({ ...kernel, advanceShare } as never)

parentPort!.on('message', async (message: ToHelper) => {
  if (message === 'close') {
    helper.leave()
    kernel.close()
    parentPort!.close()
    return
  }
  turns = 0
  await helper.help(message.place)
  parentPort!.postMessage({ id: message.id, turns } satisfies FromHelper)
})
parentPort!.postMessage('ready')
