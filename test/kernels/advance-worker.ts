/** Moves a run with weights that another thread packed, in memory that it was handed. */
import { parentPort, workerData } from 'node:worker_threads'
import { addressedKernels } from './kernels.ts'

const { memory, title, layer, run } = workerData
const kernel = addressedKernels.find((candidate) => candidate.title === title)!.create({ memory })
kernel.advance(layer, [run], run.T_x)
kernel.close()
parentPort!.postMessage(run.t)
