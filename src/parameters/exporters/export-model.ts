import type { Encoding } from '../../codec/tensor.ts'
import type { Model } from '../../lstm/model.ts'
import { writeNpz } from '../files/npz.ts'
import { writeSafetensors } from '../files/safetensors-writer.ts'
import { OPTIONS_KEY } from '../importers/import-model.ts'
import { optionsOf } from '../model-options.ts'
import { isTenArrays, notationArrays } from '../notation-arrays.ts'
import { writeModelJson } from './json.ts'
import { writeOnnx } from './onnx.ts'
import { pytorchArrays } from './pytorch-arrays.ts'

export type ExportFormat = 'json' | 'npz' | 'safetensors' | 'onnx'

/**
 * A model as a file that `importModel` reads to the same model, bit for bit (ONNX: without a test vector).
 * @param encoding of JSON
 * @throws LSTM_ERR_NOT_EXPORTABLE for a model that ONNX cannot say
 */
export function exportModel(
  model: Model,
  format: ExportFormat,
  encoding: Encoding = 'nested'
): Uint8Array<ArrayBuffer> {
  switch (format) {
    case 'json':
      return writeModelJson(model, encoding)
    case 'npz':
      return writeNpz(notationArrays(model), isTenArrays(model) ? undefined : JSON.stringify(optionsOf(model)))
    case 'safetensors':
      return writeSafetensors(pytorchArrays(model), { format: 'pt', [OPTIONS_KEY]: JSON.stringify(optionsOf(model)) })
    case 'onnx':
      return writeOnnx(model)
  }
}
