import { checkModel } from '../../lstm/model-check.ts'
import { fileArrays } from '../files/array.ts'
import { readKerasHdf5, readKerasZip } from '../files/keras.ts'
import { readNpzFile } from '../files/npz.ts'
import { readOnnx } from '../files/onnx.ts'
import { pytorchFolder, readPytorch } from '../files/pytorch.ts'
import { readSafetensors } from '../files/safetensors.ts'
import { readZip, type ZipLimits } from '../files/zip.ts'
import { detectFormat } from './detect.ts'
import type { FileFormat, ImportedModel, ImportSettings } from './imported.ts'
import { readJsonDocument } from './json.ts'
import { importKeras } from './keras.ts'
import { importNamed } from './named.ts'
import { importOnnx } from './onnx.ts'
import { parseOptions } from './options.ts'

export interface ImportLimits {
  /** Bytes that a compressed file may inflate to, whatever its own length. */
  readonly maxInflatedBytes: number
  /** Most brackets nested in JSON. */
  readonly maxJsonDepth: number
}

/** The name under which this service keeps what is no array: in the metadata of safetensors and ONNX. */
export const OPTIONS_KEY = 'lstm_serve'

/**
 * Weights are noise, and noise does not compress: what inflates to more than this is no model.
 * A small file may be of zeros all the same.
 */
const MOST_INFLATION = 4
const SMALL_BYTES = 32 * 1024 * 1024

/**
 * The model in a file, whatever has written it. No code of the file is run. Time and memory are bounded by the file's
 * length, not by what it declares.
 * @param bytes the whole file; arrays of the model may be views on it
 * @throws LSTM_ERR_UNREADABLE_FILE, LSTM_ERR_INVALID_PARAMETER_SET, LSTM_ERR_NON_FINITE, LSTM_ERR_SHAPE_MISMATCH, and for
 *   JSON what it can have wrong
 */
export function importModel(
  bytes: Uint8Array,
  settings: ImportSettings,
  limits: ImportLimits
): ImportedModel & { readonly format: FileFormat } {
  const format = detectFormat(bytes)
  const imported = readers[format](bytes, settings, limits)
  checkModel(imported.model)
  return { format, ...imported }
}

const readers: Readonly<
  Record<FileFormat, (bytes: Uint8Array, settings: ImportSettings, limits: ImportLimits) => ImportedModel>
> = {
  json: (bytes, settings, limits) => {
    const { arrays, options } = readJsonDocument(bytes, limits.maxJsonDepth)
    return importNamed(fileArrays(arrays), settings, options)
  },
  npz: (bytes, settings, limits) => {
    const { arrays, options } = readNpzFile(bytes, zipLimits(bytes, limits))
    return importNamed(
      fileArrays(arrays),
      settings,
      options === undefined ? undefined : parseOptions(options, 'lstm_serve.json')
    )
  },
  safetensors: (bytes, settings) => {
    const { arrays, metadata } = readSafetensors(bytes)
    const options = metadata.get(OPTIONS_KEY)
    return importNamed(
      arrays,
      settings,
      options === undefined ? undefined : parseOptions(options, `metadata ${OPTIONS_KEY}`)
    )
  },
  pytorch: (bytes, settings, limits) => {
    const entries = readZip(bytes, zipLimits(bytes, limits), 'PyTorch')
    return importNamed(readPytorch(entries, pytorchFolder(entries.keys()) as string), settings)
  },
  keras: (bytes, settings, limits) =>
    importKeras(readKerasZip(readZip(bytes, zipLimits(bytes, limits), 'keras')), settings),
  hdf5: (bytes, settings) => importKeras(readKerasHdf5(bytes), settings),
  onnx: (bytes, settings) => importOnnx(readOnnx(bytes), settings, 2 * bytes.byteLength + 1_000_000)
}

function zipLimits(bytes: Uint8Array, { maxInflatedBytes }: ImportLimits): ZipLimits {
  const fitting = Math.max(SMALL_BYTES, MOST_INFLATION * bytes.byteLength)
  return { maxInflatedBytes: Math.min(maxInflatedBytes, fitting) }
}
