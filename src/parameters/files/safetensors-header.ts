import { OPEN_BRACE, OPEN_BRACKET, QUOTE } from '../../codec/json/ascii.ts'
import { JsonReader } from '../../codec/json/reader.ts'
import { LstmError } from '../../errors.ts'
import { type Fault, quoted } from './fault.ts'

interface TensorEntry {
  readonly name: string
  readonly dtype: string
  readonly shape: readonly number[]
  /** Where its bytes lie in the data: [begin, end). */
  readonly begin: number
  readonly end: number
}

export interface SafetensorsHeader {
  readonly tensors: readonly TensorEntry[]
  readonly metadata: ReadonlyMap<string, string>
}

const METADATA = '__metadata__'
/** The header's object, a tensor's, its shape. */
const MAX_DEPTH = 3
/** A length takes a byte at least, and may not cost an object of its own for every two bytes of a header. */
const MAX_LENGTHS = 1_000_000

/**
 * Reads the JSON of the header. Keys must be unique; JSON.parse would let the last one win, and two programs might
 * see two files.
 * @throws what `fault` makes
 */
export function readSafetensorsHeader(json: Uint8Array, maxTensors: number, fault: Fault): SafetensorsHeader {
  // what pads the header is spaces; JSON's other white space may stand there too
  const reader = new JsonReader(json, MAX_DEPTH)
  const tensors: TensorEntry[] = []
  const metadata = new Map<string, string>()
  const names = new Set<string>()
  let lengths = 0
  try {
    readMembers(reader, fault, 'its header', (name) => {
      if (names.has(name)) throw fault(`its header has two tensors ${quoted(name)}`)
      names.add(name)
      if (name === METADATA) return void readMetadata(reader, fault, metadata)
      if (tensors.length === maxTensors) throw fault(`it has more than ${maxTensors} tensors`)
      const entry = readEntry(reader, name, fault)
      lengths += entry.shape.length
      if (lengths > MAX_LENGTHS) throw fault(`the shapes of its tensors have more than ${MAX_LENGTHS} axes together`)
      tensors.push(entry)
    })
    reader.finish()
  } catch (error) {
    if (error instanceof LstmError && error.code === 'LSTM_ERR_MALFORMED_JSON') {
      throw fault(`its header, which begins at byte 8 of the file: ${error.message}`)
    }
    throw error
  }
  return { tensors, metadata }
}

function readMetadata(reader: JsonReader, fault: Fault, metadata: Map<string, string>): void {
  readMembers(reader, fault, METADATA, (key) => {
    if (metadata.has(key)) throw fault(`${METADATA} has two members ${quoted(key)}`)
    if (reader.next() !== QUOTE) throw fault(`${METADATA}: ${quoted(key)} is not a string`)
    metadata.set(key, reader.string())
  })
}

function readEntry(reader: JsonReader, name: string, fault: Fault): TensorEntry {
  const where = `tensor ${quoted(name)}`
  const members = new Map<string, unknown>()
  readMembers(reader, fault, where, (key) => {
    if (members.has(key)) throw fault(`${where} has two members ${quoted(key)}`)
    if (!['dtype', 'shape', 'data_offsets'].includes(key)) throw fault(`${where} has a member ${quoted(key)}`)
    // looked at before it is built: an object of a million members would be built for nothing
    const expected = key === 'dtype' ? QUOTE : OPEN_BRACKET
    members.set(key, reader.next() === expected ? reader.value() : undefined)
    if (members.get(key) === undefined)
      throw fault(`${where}: ${key} is not ${key === 'dtype' ? 'a string' : 'an array'}`)
  })
  const dtype = members.get('dtype')
  const shape = members.get('shape')
  const offsets = members.get('data_offsets')
  if (typeof dtype !== 'string') throw fault(`${where}: dtype is not a string`)
  if (!isLengths(shape)) throw fault(`${where}: shape is not an array of whole numbers of at least 0`)
  if (!isLengths(offsets) || offsets.length !== 2) throw fault(`${where}: data_offsets is not [begin, end]`)
  if (!Number.isSafeInteger(8 * shape.reduce((product, length) => product * length, 1))) {
    throw fault(`${where}: shape (${shape.slice(0, 8).join(', ')}) has more values than any file`)
  }
  return { name, dtype, shape, begin: offsets[0], end: offsets[1] }
}

function isLengths(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((length) => Number.isSafeInteger(length) && length >= 0)
}

/** The reader builds an object of its own, which is not wanted here: each member is seen as it comes. */
function readMembers(reader: JsonReader, fault: Fault, where: string, member: (key: string) => void): void {
  if (reader.next() !== OPEN_BRACE) throw fault(`${where} is not a JSON object`)
  reader.object((key) => member(key))
}
