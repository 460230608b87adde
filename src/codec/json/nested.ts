import { Tensor } from '../tensor.ts'
import * as ascii from './ascii.ts'
import { badTensor, nonFinite } from './faults.ts'
import { NumberSink, readNumbers } from './numbers.ts'
import type { JsonReader } from './reader.ts'

const UNKNOWN = -1

type Elements = 'nothing yet' | 'arrays' | 'numbers'

const sink = new NumberSink()

/**
 * Reads nested arrays of numbers into one Float32Array. The shape follows from the brackets: the first array of every
 * level says how long all arrays of that level are.
 *
 * This reader only goes on while all is well. On malformed JSON it leaves the complaint to the ordinary reader.
 * @param reader stands at the opening bracket; the document ends, but for whitespace, with a closing brace
 * @throws LSTM_ERR_BAD_TENSOR for ragged lengths, uneven depth, and anything but numbers and arrays
 * @throws LSTM_ERR_NON_FINITE for a number that overflows float32
 */
export function readNested(reader: JsonReader, pointer: string): Tensor {
  const start = reader.position
  const { bytes } = reader
  const deepest = reader.maxDepth - reader.depth
  const shape: number[] = []
  const kinds: Elements[] = []
  /** How many elements of the open array at each level have been read. */
  const counts: number[] = []
  let level = -1
  sink.reset()

  const path = (levels: number): string => [pointer, ...counts.slice(0, levels)].join('/')

  let at = start
  for (;;) {
    const byte = bytes[at]
    if (byte === ascii.OPEN_BRACKET) {
      if (level >= 0) {
        if (kinds[level] === 'numbers') throw badTensor(path(level + 1), 'expected a number, found an array')
        kinds[level] = 'arrays'
      }
      level++
      if (level === deepest) break
      if (level === shape.length) {
        shape.push(UNKNOWN)
        kinds.push('nothing yet')
        counts.push(0)
      }
      counts[level] = 0
      at = skipSpace(bytes, at + 1)
      if (bytes[at] !== ascii.CLOSE_BRACKET) continue
    } else if (byte === ascii.MINUS || ascii.isDigit(byte)) {
      if (kinds[level] === 'arrays') throw badTensor(path(level + 1), 'expected an array, found a number')
      kinds[level] = 'numbers'
      const before = sink.count
      at = readNumbers(bytes, at, sink)
      counts[level] += sink.count - before
      if (sink.overflowed) throw overflow(reader, at, path(level + 1))
    } else {
      const kind = kindOfValue(byte)
      if (kind === undefined) break
      const expected = kinds[level] === 'arrays' ? 'an array' : 'a number'
      throw badTensor(path(level + 1), `expected ${expected}, found ${kind}`)
    }

    at = skipSpace(bytes, at)
    while (bytes[at] === ascii.CLOSE_BRACKET) {
      if (shape[level] === UNKNOWN) shape[level] = counts[level]
      else if (shape[level] !== counts[level]) throw ragged(path(level), counts[level], shape[level])
      at++
      level--
      if (level < 0) {
        reader.position = at
        return new Tensor(shape, sink.values.slice(0, sink.count), 'nested')
      }
      counts[level]++
      at = skipSpace(bytes, at)
    }
    if (bytes[at] !== ascii.COMMA) break
    at = skipSpace(bytes, at + 1)
  }
  reader.position = start
  reader.value()
  throw new Error('the two readers of JSON disagree on what is malformed')
}

function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from
  while (ascii.isSpace(bytes[at])) at++
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
  const text = reader.buffer.toString('latin1', at, end)
  const shown = text.length <= SHOWN_DIGITS ? text : `${text.slice(0, SHOWN_DIGITS)}…`
  return nonFinite(pointer, `${shown}, which overflows float32`, pointer)
}
