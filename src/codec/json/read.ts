import { LstmError } from '../../errors.ts'
import * as ascii from './ascii.ts'
import { decodedValues } from './decoded-values.ts'
import { readEncoded } from './encoded.ts'
import { malformed, memberPointer } from './faults.ts'
import { readNested } from './nested.ts'
import { JsonReader } from './reader.ts'

/** Which members of the document hold tensors; anything else is read as ordinary JSON. */
export interface TensorPlan {
  /** A list of one plan is an array whose elements each follow it. */
  readonly [key: string]: 'tensor' | 'scalar' | TensorPlan | readonly [ElementPlan]
}

type ElementPlan = TensorPlan | 'scalar'

export interface ReadLimits {
  /** How many arrays and objects may lie in each other, the document itself included. */
  readonly maxDepth: number
  /**
   * Members that the plan does not name are checked and come out undefined, and so do arrays and objects in the place
   * of scalars: two bytes of a document may become an object of a hundred, and here nobody wants it.
   */
  readonly closed?: boolean
  /**
   * The document's tensors are used at once: nobody looks at their values when this thread reads or writes the next
   * document. They lie in memory that is used again then.
   */
  readonly shortLived?: boolean
}

/** Of an array that a plan describes: layers, not numbers. */
const MAX_ELEMENTS = 10_000
/** Of an object in a closed document; they are named in the error. */
const MAX_UNKNOWN = 100

const DEFAULT_LIMITS: ReadLimits = { maxDepth: 64 }

/**
 * Reads UTF-8 JSON; it takes what `JSON.parse` takes. Where `plan` says so, nested arrays of numbers and objects with
 * `shape` and `data` become a `Tensor`; any other value there is given back as it is, for the schema to refuse.
 * Objects inherit nothing.
 * @throws LSTM_ERR_MALFORMED_JSON wherever the document is not JSON, even behind a faulty tensor
 * @throws LSTM_ERR_BAD_TENSOR, LSTM_ERR_BAD_BASE64, LSTM_ERR_NON_FINITE for the first tensor with a fault
 */
export function readJson(bytes: Uint8Array, plan: TensorPlan, limits: ReadLimits = DEFAULT_LIMITS): unknown {
  decodedValues.begin(limits.shortLived === true)
  const reader = new JsonReader(bytes, limits.maxDepth)
  try {
    const closed = limits.closed === true
    const value = endsWithBrace(reader.bytes) ? readPlanned(reader, plan, '', closed) : reader.value()
    reader.finish()
    return value
  } catch (fault) {
    if (fault instanceof LstmError && fault.code !== 'LSTM_ERR_MALFORMED_JSON') {
      const skimmer = new JsonReader(bytes, limits.maxDepth, true)
      skimmer.value()
      skimmer.finish()
    }
    throw fault
  }
}

/**
 * A document that ends otherwise holds no object, or is malformed; either way there is no tensor to read. And the loops
 * over numbers and brackets rely on a last byte at which they stop, which saves them a check at every byte.
 */
function endsWithBrace(bytes: Uint8Array): boolean {
  let last = bytes.length - 1
  while (last >= 0 && ascii.isSpace(bytes[last])) last--
  return last >= 0 && bytes[last] === ascii.CLOSE_BRACE
}

function readPlanned(reader: JsonReader, plan: TensorPlan, pointer: string, closed: boolean): unknown {
  if (reader.next() !== ascii.OPEN_BRACE) return closed ? reader.skip() : reader.value()
  let unknown = 0
  return reader.object((key) => {
    // The key comes from outside: without hasOwn "constructor" would find a plan.
    const part = Object.hasOwn(plan, key) ? plan[key] : undefined
    if (part === undefined) {
      if (!closed) return reader.value()
      unknown++
      if (unknown > MAX_UNKNOWN)
        throw malformed(reader.position, `expected at most ${MAX_UNKNOWN} members that are not known`)
      return reader.skip()
    }
    if (part === 'scalar') return closed && isBracket(reader.next()) ? reader.skip() : reader.value()
    const here = memberPointer(pointer, key)
    if (part === 'tensor') return readTensor(reader, here, closed)
    return isElementPlan(part) ? readElements(reader, part[0], here, closed) : readPlanned(reader, part, here, closed)
  })
}

function isElementPlan(part: TensorPlan | readonly [ElementPlan]): part is readonly [ElementPlan] {
  return Array.isArray(part)
}

function readElements(reader: JsonReader, plan: ElementPlan, pointer: string, closed: boolean): unknown {
  if (reader.next() !== ascii.OPEN_BRACKET) return closed ? reader.skip() : reader.value()
  let index = 0
  return reader.array((expected) => {
    const here = `${pointer}/${index++}`
    // two bytes of a document may become an object of a hundred
    if (index > MAX_ELEMENTS)
      throw malformed(reader.position, `expected at most ${MAX_ELEMENTS} elements in ${pointer}`)
    const byte = reader.next()
    if (plan !== 'scalar' && byte === ascii.OPEN_BRACE) return readPlanned(reader, plan, here, closed)
    return closed && isBracket(byte) ? reader.skip() : reader.value(expected)
  })
}

const isBracket = (byte: number): boolean => byte === ascii.OPEN_BRACKET || byte === ascii.OPEN_BRACE

function readTensor(reader: JsonReader, pointer: string, closed: boolean): unknown {
  const byte = reader.next()
  if (byte === ascii.OPEN_BRACKET) return readNested(reader, pointer)
  if (byte === ascii.OPEN_BRACE) return readEncoded(reader, pointer, closed)
  return reader.value()
}
