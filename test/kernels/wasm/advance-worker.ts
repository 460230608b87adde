/** Moves a run with weights that another thread packed, in memory that it was handed. */
import { parentPort, workerData } from 'node:worker_threads'
import { WasmKernel } from '../../../src/kernels/wasm/kernel.ts'

const { memory, build, layer, run } = workerData
const kernel = new WasmKernel({ memory, build })
kernel.advance(layer, [run], run.T_x)
kernel.close()
parentPort!.postMessage(run.t)
