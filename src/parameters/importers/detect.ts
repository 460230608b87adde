import { LstmError } from '../../errors.ts'
import { faultOf } from '../files/fault.ts'
import { isHdf5 } from '../files/hdf5.ts'
import { isKerasZip } from '../files/keras.ts'
import { pytorchFolder } from '../files/pytorch.ts'
import { readZipDirectory } from '../files/zip-directory.ts'
import type { FileFormat } from './imported.ts'

const MAX_ENTRIES = 10_000

/**
 * What a file is, by its content alone: a name or a Content-Type may say anything.
 * @throws LSTM_ERR_UNREADABLE_FILE for what is none of the formats, with what to do for the near ones
 */
export function detectFormat(bytes: Uint8Array): FileFormat {
  if (begins(bytes, 'PK')) return zipFormat(bytes)
  if (isHdf5(bytes)) return 'hdf5'
  // a length below 4 GiB, then JSON: no text begins so, for it has no zero bytes
  const isSafetensors = bytes.length >= 9 && bytes.subarray(4, 8).every((byte) => byte === 0)
  if (isSafetensors && bytes.subarray(8, 64).find((byte) => !isSpace(byte)) === BRACE) return 'safetensors'
  if (bytes.find((byte) => !isSpace(byte)) === BRACE) return 'json'
  if (bytes[0] === IR_VERSION && bytes.length > 2) return 'onnx'
  throw new LstmError('LSTM_ERR_UNREADABLE_FILE', ['parameters', refused(bytes)])
}

const BRACE = 0x7b
/** The tag of an ONNX file's first field. */
const IR_VERSION = 0x08

const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d

function begins(bytes: Uint8Array, text: string): boolean {
  return Buffer.from(bytes.subarray(0, text.length)).toString('latin1') === text
}

function zipFormat(bytes: Uint8Array): FileFormat {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const entries = readZipDirectory(view, MAX_ENTRIES, faultOf('zip')).map(({ name }) => name)
  if (pytorchFolder(entries) !== undefined) return 'pytorch'
  return isKerasZip(new Set(entries)) ? 'keras' : 'npz'
}

function refused(bytes: Uint8Array): string {
  if (begins(bytes, '\x80\x02') || begins(bytes, '\x80\x03') || begins(bytes, '\x80\x04')) {
    return 'a pickle; of PyTorch files, those are read that torch.save has written since version 1.6, which are zips'
  }
  if (begins(bytes, '\x93NUMPY')) return 'a single .npy; a set has many arrays: np.savez("set.npz", Wf=Wf, …)'
  if (begins(bytes, '\x1f\x8b')) return 'gzip; send the file itself'
  if (bytes.length === 0) return 'the file is empty'
  return 'the file is none of JSON, npz, safetensors, PyTorch (.pt), Keras (.keras, .h5), ONNX'
}
