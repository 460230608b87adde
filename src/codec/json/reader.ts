import * as ascii from './ascii.ts'
import { malformed } from './faults.ts'
import { asciiString } from './short-strings.ts'
import { findClosingQuote } from './text.ts'

/** Integers of so many characters are read without making a string of them, and are exact. */
const SHORT_INTEGER = 9

/** The bytes that a string may hold and that stand for themselves: no quote, backslash, control or multibyte. */
const PLAIN = new Uint8Array(256)
for (let byte = 0x20; byte < 0x80; byte++) if (byte !== ascii.QUOTE && byte !== ascii.BACKSLASH) PLAIN[byte] = 1

/**
 * Objects of which nothing is inherited, so that `__proto__` is a key like any other. Made by a constructor, whose
 * objects V8 keeps in order of their members: those of `Object.create(null)` are hash tables, slower to fill and to read.
 */
class Members {}
Object.setPrototypeOf(Members.prototype, null)
Reflect.deleteProperty(Members.prototype, 'constructor')
Object.freeze(Members.prototype)

/**
 * A recursive-descent reader of ordinary JSON (RFC 8259) over UTF-8 bytes; it takes what `JSON.parse` takes, and is
 * the only place that says why a document is malformed. It is not made for many numbers: tensors have `nested.ts`.
 */
export class JsonReader {
  /** A Buffer, as which a body mostly comes: the loops over bytes shall see one class only. */
  readonly bytes: Buffer
  readonly maxDepth: number
  /** A skimming reader checks the document and builds nothing of it. */
  readonly skims: boolean
  position = 0
  depth = 0

  constructor(bytes: Uint8Array, maxDepth: number, skims = false) {
    this.bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.maxDepth = maxDepth
    this.skims = skims
  }

  /** The byte at the position, or END_OF_INPUT. */
  peek(): number {
    return this.position < this.bytes.length ? this.bytes[this.position] : ascii.END_OF_INPUT
  }

  /** Skips whitespace and peeks. */
  next(): number {
    while (ascii.isSpace(this.peek())) this.position++
    return this.peek()
  }

  unexpected(expected: string): Error {
    return malformed(this.position, `expected ${expected}, found ${ascii.describeByte(this.peek())}`)
  }

  /** Checks the value at the position and builds nothing of it. */
  skip(): undefined {
    const skimmer = new JsonReader(this.bytes, this.maxDepth, true)
    skimmer.depth = this.depth
    skimmer.position = this.position
    skimmer.value()
    this.position = skimmer.position
  }

  /** Takes the opening bracket of an array or object. Without a limit, deep nesting would overflow the stack. */
  enter(): void {
    if (this.depth === this.maxDepth) {
      throw malformed(this.position, `expected at most ${this.maxDepth} levels of nesting, found one more`)
    }
    this.depth++
    this.position++
  }

  /** Takes the closing bracket. */
  leave(): void {
    this.depth--
    this.position++
  }

  value(expected = 'a value'): unknown {
    const byte = this.next()
    switch (byte) {
      case ascii.QUOTE:
        return this.string()
      case ascii.OPEN_BRACE:
        return this.object(() => this.value())
      case ascii.OPEN_BRACKET:
        return this.array()
      case ascii.LOWER_T:
        return this.word('true', true)
      case ascii.LOWER_F:
        return this.word('false', false)
      case ascii.LOWER_N:
        return this.word('null', null)
      default:
        if (byte === ascii.MINUS || ascii.isDigit(byte)) return this.number()
        throw this.unexpected(expected)
    }
  }

  /** Reads an object whose members `member` reads, standing behind the colon. The last of equal keys wins. */
  object(member: (key: string) => unknown): object {
    const result = new Members() as Record<string, unknown>
    this.enter()
    if (this.next() !== ascii.CLOSE_BRACE) {
      for (let expected = `'"' or '}'`; ; expected = `'"'`) {
        if (this.next() !== ascii.QUOTE) throw this.unexpected(expected)
        const key = this.string()
        if (this.next() !== ascii.COLON) throw this.unexpected(`':'`)
        this.position++
        const value = member(key)
        if (!this.skims) result[key] = value
        if (this.next() === ascii.CLOSE_BRACE) break
        if (this.peek() !== ascii.COMMA) throw this.unexpected(`',' or '}'`)
        this.position++
      }
    }
    this.leave()
    return result
  }

  /** Reads an array whose elements `element` reads; it is told what may stand there. */
  array(element: (expected: string) => unknown = (expected) => this.value(expected)): unknown[] {
    const result: unknown[] = []
    this.enter()
    if (this.next() !== ascii.CLOSE_BRACKET) {
      for (let expected = `a value or ']'`; ; expected = 'a value') {
        const value = element(expected)
        if (!this.skims) result.push(value)
        if (this.next() === ascii.CLOSE_BRACKET) break
        if (this.peek() !== ascii.COMMA) throw this.unexpected(`',' or ']'`)
        this.position++
      }
    }
    this.leave()
    return result
  }

  string(): string {
    const open = this.position
    const { bytes } = this
    let close = open + 1
    while (close < bytes.length && PLAIN[bytes[close]] === 1) close++
    const plain = close < bytes.length && bytes[close] === ascii.QUOTE
    if (!plain) close = findClosingQuote(bytes, close)
    this.position = close + 1
    if (this.skims) return ''
    return plain
      ? asciiString(bytes, open + 1, close)
      : (JSON.parse(this.bytes.toString('utf8', open, close + 1)) as string)
  }

  number(): number {
    const start = this.position
    if (this.peek() === ascii.MINUS) this.position++
    // A zero ends the integer part: of "01" the 1 is left for the caller to refuse.
    if (this.peek() === ascii.ZERO) this.position++
    else this.digits()
    const next = this.peek()
    if (next !== ascii.DOT && (next | 0x20) !== ascii.LOWER_E && this.position - start <= SHORT_INTEGER) {
      return this.integer(start)
    }
    if (this.peek() === ascii.DOT) {
      this.position++
      this.digits()
    }
    if (this.peek() === ascii.LOWER_E || this.peek() === ascii.UPPER_E) {
      this.position++
      if (this.peek() === ascii.PLUS || this.peek() === ascii.MINUS) this.position++
      this.digits()
    }
    return this.skims ? 0 : Number(this.bytes.toString('latin1', start, this.position))
  }

  /** The integer from `start` to the position, of few digits. */
  private integer(start: number): number {
    const { bytes, position } = this
    const negative = bytes[start] === ascii.MINUS
    let value = 0
    for (let at = negative ? start + 1 : start; at < position; at++) value = 10 * value + bytes[at] - ascii.ZERO
    return negative ? -value : value
  }

  digits(): void {
    if (!ascii.isDigit(this.peek())) throw this.unexpected('a digit')
    while (ascii.isDigit(this.peek())) this.position++
  }

  word<T>(text: string, value: T): T {
    for (let i = 0; i < text.length; i++) {
      if (this.peek() !== text.charCodeAt(i)) throw this.unexpected(`'${text}'`)
      this.position++
    }
    return value
  }

  /** Nothing but whitespace may follow. */
  finish(): void {
    if (this.next() !== ascii.END_OF_INPUT) throw this.unexpected('end of input')
  }
}
