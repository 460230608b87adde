import { ImportSettings } from '../../../schemas/index.ts'
import * as ascii from '../../codec/json/ascii.ts'
import { JsonReader } from '../../codec/json/reader.ts'
import { LstmError } from '../../errors.ts'
import type { Scheduling } from '../../parameters/store.ts'
import { compileCheck, summary } from '../../schema-check.ts'

/** What a request to load a model says. */
export interface LoadRequest {
  readonly settings: ImportSettings
  /** Left out: what the model can do. */
  readonly scheduling?: Scheduling
  /** The model file that came along, of any format that is read. */
  readonly file?: Uint8Array<ArrayBuffer>
}

/** Where the text of a string lies in the body, without its quotes. */
interface TextRange {
  readonly key: string
  readonly start: number
  readonly end: number
}

const FILE = 'file:'
/** Characters of base64 that are decoded at a time; whole groups of four. No string may hold half a gigabyte. */
const CHUNK = 4 * 1024 * 1024

const checkSettings = compileCheck(ImportSettings)

/**
 * Reads the body of POST /v2/repository/models/{model}/load: `{"parameters": {"config": "<JSON>", "file:<path>":
 * "<base64>"}}`, of which everything may be left out. The file goes from the bytes of the body to its own.
 * @throws LSTM_ERR_MALFORMED_JSON, LSTM_ERR_INVALID_REQUEST
 */
export function readLoadRequest(body: Uint8Array, maxDepth: number): LoadRequest {
  if (body.length === 0) return { settings: {} }
  const reader = new JsonReader(new Uint8Array(body.buffer, body.byteOffset, body.length), maxDepth)
  let config: string | undefined
  const files: TextRange[] = []
  if (reader.next() !== ascii.OPEN_BRACE) throw fault('the body is not a JSON object')
  reader.object((name) => {
    if (name !== 'parameters') throw fault(`${shown(name)} is not a known field of the body; parameters is`)
    if (reader.next() !== ascii.OPEN_BRACE) throw fault('parameters is not an object')
    return reader.object((key) => {
      const isFile = key.startsWith(FILE)
      if (key !== 'config' && !isFile) throw fault(`${shown(key)} is not a known parameter; config and file:<path> are`)
      if (reader.next() !== ascii.QUOTE) throw fault(`the parameter ${shown(key)} is not a string`)
      if (!isFile) {
        config = reader.string()
        return
      }
      if (files.length > 0) throw fault(`one file makes a model; ${shown(files[0].key)} and ${shown(key)} came`)
      const start = reader.position + 1
      reader.skip()
      files.push({ key, start, end: reader.position - 1 })
    })
  })
  reader.finish()
  const [file] = files
  return {
    ...(config === undefined ? { settings: {} } : readConfig(config)),
    ...(file === undefined ? {} : { file: decodeFile(reader.bytes, file) })
  }
}

/**
 * A model's configuration in Triton's form, of which these are looked at: `parameters`, which are our settings of an
 * import, and which of `sequence_batching` and `dynamic_batching` is there.
 */
function readConfig(text: string): Omit<LoadRequest, 'file'> {
  let config: unknown
  try {
    config = JSON.parse(text)
  } catch (error) {
    throw fault(`config is not JSON: ${(error as Error).message.slice(0, 200)}`)
  }
  if (!isObject(config)) throw fault('config is not a JSON object')
  const { parameters = {}, sequence_batching, dynamic_batching } = config
  if (!isObject(parameters)) throw fault('parameters of config is not an object')
  const checked = checkSettings(
    Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key, textOf(value)]))
  )
  if ('issues' in checked) throw fault(`parameters of config: ${summary('they', checked.issues)}`)
  if (sequence_batching !== undefined && dynamic_batching !== undefined) {
    throw fault('config has both sequence_batching and dynamic_batching; a model has one of them')
  }
  return {
    settings: checked.value,
    ...(sequence_batching !== undefined && { scheduling: 'sequence' as const }),
    ...(dynamic_batching !== undefined && { scheduling: 'dynamic' as const })
  }
}

/** Triton writes a parameter as {"string_value": text}. */
function textOf(value: unknown): unknown {
  return isObject(value) && 'string_value' in value ? value.string_value : value
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function decodeFile(body: Buffer, { key, start, end }: TextRange): Uint8Array<ArrayBuffer> {
  // some writers of JSON put a backslash before every slash
  const escaped = body.subarray(start, end).includes(ascii.BACKSLASH)
  const text = escaped
    ? Buffer.from(JSON.parse(body.toString('latin1', start - 1, end + 1)), 'latin1')
    : body.subarray(start, end)
  const incomplete = () =>
    fault(`${shown(key)} is not base64: its ${text.length} characters are not whole groups of four, padded with =`)
  if (text.length % 4 !== 0) throw incomplete()
  const padding = text.at(-1) !== EQUALS ? 0 : text.at(-2) === EQUALS ? 2 : 1
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4) - padding)
  const decoded = Buffer.from(bytes.buffer)
  let written = 0
  for (let at = 0; at < text.length; at += CHUNK) {
    const piece = text.toString('latin1', at, Math.min(text.length, at + CHUNK))
    const wrong = FOREIGN.exec(piece)
    // padding may stand at the very end alone
    if (wrong !== null && at + wrong.index < text.length - padding) {
      throw fault(`${shown(key)} is not base64: ${JSON.stringify(wrong[0])} at character ${at + wrong.index}`)
    }
    written += decoded.write(piece, written, 'base64')
  }
  if (written !== bytes.length) throw incomplete()
  return bytes
}

const EQUALS = 0x3d
const FOREIGN = /[^A-Za-z0-9+/]/

function shown(key: string): string {
  return JSON.stringify(key.slice(0, 100))
}

function fault(reason: string): LstmError {
  return new LstmError('LSTM_ERR_INVALID_REQUEST', [reason])
}
