/** A member of a crew: makes its share of each turn that it is told, in memory that it was handed. */
import { parentPort, workerData } from 'node:worker_threads'
import type { CrewTurn } from '../../src/kernels/crew.ts'
import type { LayerRun, PackedLayer } from '../../src/kernels/kernel.ts'
import { addressedKernels } from './kernels.ts'

export interface Share {
  readonly layer: PackedLayer
  readonly run: LayerRun
  readonly steps: number
  readonly crew: CrewTurn
}

const { memory, title } = workerData
const kernel = addressedKernels.find((candidate) => candidate.title === title)!.create({ memory })
parentPort!.on('message', (share: Share | 'close') => {
  if (share === 'close') {
    kernel.close()
    parentPort!.close()
    return
  }
  parentPort!.postMessage(kernel.advanceShare!(share.layer, share.run, share.steps, share.crew))
})
parentPort!.postMessage('ready')
