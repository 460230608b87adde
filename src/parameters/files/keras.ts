import { faultOf } from './fault.ts'
import { type Hdf5Object, readHdf5 } from './hdf5.ts'

/** What Keras has written, in whichever of its three forms. */
export interface KerasFile {
  /** The weights: root of an HDF5 file. */
  readonly weights: Hdf5Object
  /** How the weights are found: by place in Keras 3's files, by name in the older HDF5 files. */
  readonly form: 'keras3' | 'legacy'
  /** The model's configuration as JSON; undefined in files of weights alone. */
  readonly config: unknown
  /** Of Keras. Files of weights alone do not say. */
  readonly version: 2 | 3
}

const CONFIG = 'config.json'
const METADATA = 'metadata.json'
const WEIGHTS = 'model.weights.h5'
/** A configuration takes a few KB a layer; JSON of many small objects takes some twenty times its length in memory. */
const MAX_CONFIG_BYTES = 2 * 1024 * 1024

export function isKerasZip(entries: ReadonlySet<string>): boolean {
  return entries.has(CONFIG) && entries.has(METADATA)
}

/** A `.keras`. @param entries of its zip */
export function readKerasZip(entries: ReadonlyMap<string, Uint8Array>): KerasFile {
  const fault = faultOf('keras')
  const weights = entries.get(WEIGHTS)
  if (weights === undefined) throw fault(`the zip has no ${WEIGHTS}`)
  return {
    weights: readHdf5(weights, 'keras'),
    form: 'keras3',
    config: parseConfig(text(entries, CONFIG), 'keras'),
    version: /"keras_version": *"2\./.test(text(entries, METADATA)) ? 2 : 3
  }
}

function text(entries: ReadonlyMap<string, Uint8Array>, name: string): string {
  return Buffer.from(entries.get(name) ?? []).toString('utf8')
}

/** A `.weights.h5` of Keras 3, or an `.h5` of Keras 2 and of Keras 3's old format. */
export function readKerasHdf5(bytes: Uint8Array): KerasFile {
  const root = readHdf5(bytes, 'hdf5')
  const stored = root.find('model_weights') ?? root
  if (stored.strings('layer_names') === undefined && stored.strings('layer_names0') === undefined) {
    return { weights: root, form: 'keras3', config: undefined, version: 3 }
  }
  const [config] = root.strings('model_config') ?? []
  const [version] = root.strings('keras_version') ?? stored.strings('keras_version') ?? []
  return {
    weights: stored,
    form: 'legacy',
    config: config === undefined ? undefined : parseConfig(config, 'hdf5'),
    version: version?.startsWith('3') ? 3 : 2
  }
}

function parseConfig(text: string, format: string): unknown {
  const fault = faultOf(format)
  if (text.length > MAX_CONFIG_BYTES) {
    throw fault(`the model's configuration has ${text.length} bytes; at most ${MAX_CONFIG_BYTES} are read`)
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    throw fault(`the model's configuration is not JSON: ${(error as Error).message.slice(0, 200)}`)
  }
}
