import type { Encoding } from '../../codec/tensor.ts'
import { type ExportFormat, exportModel } from '../../parameters/exporters/export-model.ts'
import { modelOfSet, type ParameterSet } from '../../parameters/parameter-set.ts'
import type { WorkerContext } from '../context.ts'

/** GET /parameters/{name}/weights: the model of a set as a file. */
export function exportSet(
  set: ParameterSet,
  format: ExportFormat,
  encoding: Encoding,
  { kernel }: WorkerContext
): Uint8Array<ArrayBuffer> {
  return exportModel(modelOfSet(kernel, set), format, encoding)
}
