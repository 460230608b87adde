import { type Fault, quoted } from './fault.ts'

/** What the header of a `.npy` says of the array that follows. */
export interface NpyHeader {
  /** NumPy's type string, such as `<f4`. */
  readonly descr: string
  /** The first axis runs fastest, not the last. */
  readonly fortranOrder: boolean
  readonly shape: readonly number[]
}

/** NumPy's own `ndarray` stops here; without a bound, a header could ask for thousands of axes. */
const MAX_AXES = 64

/**
 * Parses the header's text: a Python dict literal with exactly the keys `descr`, `fortran_order` and `shape`, in any order
 * and spacing. Only what can stand there is read (a string, a bool, a tuple of ints); nothing is ever evaluated.
 * Source: "NEP 1 — A simple file format for NumPy arrays", and the documentation of `numpy.lib.format`.
 *
 * @throws what `fault` makes, with the character at which the text stops making sense
 */
export function parseNpyHeader(text: string, fault: Fault): NpyHeader {
  const found = parseDict(new Scanner(text, fault))
  const { descr, fortran_order: fortranOrder, shape } = Object.fromEntries(found)
  if (found.size !== 3 || descr === undefined || fortranOrder === undefined || shape === undefined) {
    throw fault(`its header has the keys ${quoted([...found.keys()].join(', '))}; expected descr, fortran_order, shape`)
  }
  if (typeof descr !== 'string') throw fault('descr in its header is not a string')
  if (typeof fortranOrder !== 'boolean') throw fault('fortran_order in its header is not True or False')
  if (typeof shape === 'string' || typeof shape === 'boolean') throw fault('shape in its header is not a tuple')
  if (shape.length > MAX_AXES) throw fault(`it has ${shape.length} axes; at most ${MAX_AXES} are read`)
  return { descr, fortranOrder, shape }
}

type Value = string | boolean | readonly number[]

function parseDict(scanner: Scanner): Map<string, Value> {
  const found = new Map<string, Value>()
  scanner.expect(/\{/y, '{')
  while (!scanner.accept(/\}/y)) {
    const key = parseString(scanner)
    if (found.has(key)) throw scanner.fault(`a second ${JSON.stringify(key)}`)
    scanner.expect(/:/y, ':')
    found.set(key, parseValue(scanner))
    if (!scanner.accept(/,/y)) {
      scanner.expect(/\}/y, ', or }')
      break
    }
  }
  scanner.expect(/$/y, 'the end')
  return found
}

function parseValue(scanner: Scanner): Value {
  const bool = scanner.accept(/True\b|False\b/y)
  if (bool) return bool[0] === 'True'
  if (scanner.accept(/\(/y)) return parseTuple(scanner)
  if (scanner.accept(/\[/y)) throw scanner.fault('a list; structured dtypes are not read')
  return parseString(scanner)
}

/** Plain strings only: the keys and the type strings that are read have no quotes, escapes or line ends in them. */
function parseString(scanner: Scanner): string {
  const [, single, double] = scanner.expect(/[uU]?(?:'([^'"\\\n]*)'|"([^'"\\\n]*)")/y, 'a string')
  return single ?? double
}

/** `()`, `(3,)`, `(3, 4)`, `(3, 4,)`, and `3L` for 3 as Python 2 wrote it; `(3)` is not a tuple. */
function parseTuple(scanner: Scanner): number[] {
  const values: number[] = []
  let comma = true
  while (!scanner.accept(/\)/y)) {
    if (!comma) throw scanner.fault('no comma between two lengths')
    const [, digits] = scanner.expect(/(-?(?:0|[1-9][0-9]*))[lL]?(?![0-9A-Za-z_.])/y, 'a length')
    const value = Number(digits)
    if (digits.startsWith('-')) throw scanner.fault(`a negative length, ${digits.slice(0, 30)}`)
    if (!Number.isSafeInteger(value)) throw scanner.fault(`a length past all files, ${digits.slice(0, 30)}`)
    values.push(value)
    comma = scanner.accept(/,/y) !== null
  }
  if (values.length === 1 && !comma)
    throw scanner.fault(`(${values[0]}) where a tuple should be; of one length, that is (${values[0]},)`)
  return values
}

/** A place in the header's text. Patterns are sticky, so that each character is looked at once. */
class Scanner {
  readonly #text: string
  readonly #fault: Fault
  #at = 0

  constructor(text: string, fault: Fault) {
    this.#text = text
    this.#fault = fault
  }

  accept(pattern: RegExp): RegExpExecArray | null {
    while (this.#at < this.#text.length && ' \t\r\n\f'.includes(this.#text[this.#at])) this.#at++
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    if (match) this.#at = pattern.lastIndex
    return match
  }

  expect(pattern: RegExp, what: string): RegExpExecArray {
    const match = this.accept(pattern)
    if (!match) throw this.#fault(`at character ${this.#at} of its header: expected ${what}`)
    return match
  }

  fault(what: string): ReturnType<Fault> {
    return this.#fault(`at character ${this.#at} of its header: ${what}`)
  }
}
