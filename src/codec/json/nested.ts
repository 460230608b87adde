import { readNestedNatively } from '../native/nested.ts'
import { Tensor } from '../tensor.ts'
import * as ascii from './ascii.ts'
import { badTensor, nonFinite } from './faults.ts'
import { NumberReader } from './numbers.ts'
import type { JsonReader } from './reader.ts'

// V8 folds a module's own constants into the code and loads imported ones at each use.
const { CLOSE_BRACKET, COMMA, MINUS, NINE, OPEN_BRACKET, ZERO } = ascii
const SPACE = 0x20

const UNKNOWN = -1

/** What the arrays of one level hold. */
const NOTHING_YET = 0
const ARRAYS = 1
const NUMBERS = 2

const numbers = new NumberReader()

/**
 * Reads nested arrays of numbers into one Float32Array. The shape follows from the brackets: the first array of every
 * level says how long all arrays of that level are.
 *
 * This reader only goes on while all is well. On malformed JSON it leaves the complaint to the ordinary reader.
 * @param reader stands at the opening bracket; the document ends, but for whitespace, with a closing brace
 * @throws LSTM_ERR_BAD_TENSOR for ragged lengths, uneven depth, and anything but numbers and arrays; of several faults
 * for the one that shows first, a ragged length at its closing bracket
 * @throws LSTM_ERR_NON_FINITE for a number that overflows float32
 */
export function readNested(reader: JsonReader, pointer: string): Tensor {
  const start = reader.position
  const { bytes } = reader
  const deepest = reader.maxDepth - reader.depth
  const native = readNestedNatively(bytes, start, deepest)
  if (native !== undefined) {
    reader.position = native.end
    return native.tensor
  }
  const shape: number[] = []
  const kinds: number[] = []
  /** How many elements of the open array at each level have been read. */
  const counts: number[] = []
  let level = -1
  numbers.begin()

  let at = start
  for (;;) {
    const byte = bytes[at]
    if (byte === OPEN_BRACKET) {
      if (level >= 0) {
        if (kinds[level] === NUMBERS) throw badTensor(path(pointer, counts, level), 'expected a number, found an array')
        kinds[level] = ARRAYS
      }
      level++
      if (level === deepest) break
      if (level === shape.length) {
        shape.push(UNKNOWN)
        kinds.push(NOTHING_YET)
        counts.push(0)
      }
      counts[level] = 0
      at = skipSpace(bytes, at + 1)
      if (bytes[at] !== CLOSE_BRACKET) continue
    } else if (byte === MINUS || (byte >= ZERO && byte <= NINE)) {
      if (kinds[level] === ARRAYS) throw badTensor(path(pointer, counts, level), 'expected an array, found a number')
      kinds[level] = NUMBERS
      // A run may go on into the next rows, which only the array around them counts.
      const rowLength = level > 0 && shape[level] !== UNKNOWN ? shape[level] : 0
      at = numbers.read(bytes, at, rowLength, counts[level])
      counts[level] = numbers.inRow
      if (numbers.rows > 0) counts[level - 1] += numbers.rows
      if (numbers.overflowed) throw overflow(reader, at, path(pointer, counts, level))
    } else {
      const kind = kindOfValue(byte)
      if (kind === undefined) break
      const expected = kinds[level] === ARRAYS ? 'an array' : 'a number'
      throw badTensor(path(pointer, counts, level), `expected ${expected}, found ${kind}`)
    }

    at = skipSpace(bytes, at)
    while (bytes[at] === CLOSE_BRACKET) {
      if (shape[level] === UNKNOWN) shape[level] = counts[level]
      else if (shape[level] !== counts[level]) {
        throw ragged(path(pointer, counts, level - 1), counts[level], shape[level])
      }
      at++
      level--
      if (level < 0) {
        reader.position = at
        return new Tensor(shape, numbers.take(), 'nested')
      }
      counts[level]++
      at = skipSpace(bytes, at)
    }
    if (bytes[at] !== COMMA) break
    at = skipSpace(bytes, at + 1)
  }
  reader.position = start
  reader.value()
  throw new Error('the two readers of JSON disagree on what is malformed')
}

/** The JSON pointer of the element that the open arrays, down to `level`, have come to. */
const path = (pointer: string, counts: readonly number[], level: number): string =>
  [pointer, ...counts.slice(0, level + 1)].join('/')

function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from
  while (bytes[at] <= SPACE && ascii.isSpace(bytes[at])) at++
  return at
}

function ragged(pointer: string, got: number, expected: number): Error {
  return badTensor(pointer, `has ${got} value${got === 1 ? '' : 's'}; the ones before it have ${expected}`)
}

/** What a value that begins with `byte` is; undefined if nothing begins so. */
function kindOfValue(byte: number): string | undefined {
  switch (byte) {
    case ascii.LOWER_N:
      return 'null'
    case ascii.LOWER_T:
    case ascii.LOWER_F:
      return 'a boolean'
    case ascii.QUOTE:
      return 'a string'
    case ascii.OPEN_BRACE:
      return 'an object'
    default:
      return undefined
  }
}

const SHOWN_DIGITS = 40

function overflow(reader: JsonReader, at: number, pointer: string): Error {
  let end = at
  while (/[-+.0-9eE]/.test(String.fromCharCode(reader.bytes[end]))) end++
  const text = reader.bytes.toString('latin1', at, end)
  const shown = text.length <= SHOWN_DIGITS ? text : `${text.slice(0, SHOWN_DIGITS)}…`
  return nonFinite(pointer, `${shown}, which overflows float32`, pointer)
}
