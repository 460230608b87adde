import { type Fault, quoted } from './fault.ts'
import { op, refusedOpcodes } from './pickle-opcodes.ts'

/** A dict of a pickle. A list of pairs: keys may be anything, and a hostile pickle has millions of empty ones. */
export class PickledDict {
  readonly entries: [key: unknown, value: unknown][] = []
}

/** A name that the pickle refers to, such as `collections.OrderedDict`. Nothing is looked up or run for it. */
export class PickledGlobal {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/** What may stand in a pickle besides plain values. */
export interface PickleVocabulary {
  /** Whether a name may be referred to at all. */
  allows(name: string): boolean
  /** What stands for the "call" of an allowed name. Plain data; nothing is run. */
  make(name: string, args: readonly unknown[]): unknown
  /** What stands for an object that the pickle keeps outside of itself. */
  persistent(id: unknown): unknown
}

/** A state dict takes some thirty opcodes a tensor. */
const MAX_OPCODES = 2_000_000
/** Lists, tuples, dicts and numbers past 32 bits: what costs memory. */
const MAX_OBJECTS = 300_000

const MARK = Symbol('mark')
const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads a pickle of plain values: dicts, lists, tuples, strings, numbers, booleans, None, and what `vocabulary` allows.
 * A pickle is a program for a small machine with a stack; those of its instructions that could call anything are refused, and
 * so is every name that is not in the vocabulary. Source: the documentation of Python's `pickletools`.
 * @throws what `fault` makes, with the byte
 */
export function readPickle(bytes: Uint8Array, vocabulary: PickleVocabulary, fault: Fault): unknown {
  return new Unpickler(bytes, vocabulary, fault).run()
}

class Unpickler {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #vocabulary: PickleVocabulary
  readonly #fault: Fault
  readonly #stack: unknown[] = []
  readonly #marks: number[] = []
  readonly #memo = new Map<number, unknown>()
  #at = 0
  #opcodeAt = 0
  #objects = 0

  constructor(bytes: Uint8Array, vocabulary: PickleVocabulary, fault: Fault) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#vocabulary = vocabulary
    this.#fault = fault
  }

  run(): unknown {
    for (let n = 0; n < MAX_OPCODES; n++) {
      this.#opcodeAt = this.#at
      const opcode = this.#view.getUint8(this.#take(1))
      if (opcode === op.STOP) {
        const result = this.#pop()
        if (this.#stack.length > 0) throw this.#wrong('more than one value is left at its end')
        return result
      }
      this.#step(opcode)
    }
    throw this.#wrong(`more than ${MAX_OPCODES} instructions`)
  }

  #step(opcode: number): void {
    const stack = this.#stack
    switch (opcode) {
      case op.PROTO: {
        const version = this.#view.getUint8(this.#take(1))
        if (version > 5) throw this.#wrong(`protocol ${version} is not known; up to 5 are`)
        return
      }
      case op.FRAME:
        this.#take(8) // says how much follows, which is of use to streams only
        return
      case op.MARK:
        this.#marks.push(stack.length)
        stack.push(MARK)
        return
      case op.NONE:
        stack.push(null)
        return
      case op.NEWTRUE:
        stack.push(true)
        return
      case op.NEWFALSE:
        stack.push(false)
        return
      case op.BININT:
        stack.push(this.#view.getInt32(this.#take(4), true))
        return
      case op.BININT1:
        stack.push(this.#view.getUint8(this.#take(1)))
        return
      case op.BININT2:
        stack.push(this.#view.getUint16(this.#take(2), true))
        return
      case op.LONG1:
        stack.push(this.#long(this.#view.getUint8(this.#take(1))))
        return
      case op.BINFLOAT:
        stack.push(this.#view.getFloat64(this.#take(8), false))
        return
      case op.BINUNICODE:
        stack.push(this.#text(this.#view.getUint32(this.#take(4), true)))
        return
      case op.SHORT_BINUNICODE:
        stack.push(this.#text(this.#view.getUint8(this.#take(1))))
        return
      case op.EMPTY_DICT:
        this.#count()
        stack.push(new PickledDict())
        return
      case op.EMPTY_LIST:
      case op.EMPTY_TUPLE:
        this.#count()
        stack.push([])
        return
      case op.TUPLE:
        this.#count()
        stack.push(this.#popToMark())
        return
      case op.TUPLE1:
      case op.TUPLE2:
      case op.TUPLE3:
        this.#tuple(opcode - op.TUPLE1 + 1)
        return
      case op.APPEND:
        this.#append([this.#pop()])
        return
      case op.APPENDS:
        this.#append(this.#popToMark())
        return
      case op.SETITEM: {
        const value = this.#pop()
        this.#setItems([this.#pop(), value])
        return
      }
      case op.SETITEMS:
        this.#setItems(this.#popToMark())
        return
      case op.BINPUT:
        this.#memo.set(this.#view.getUint8(this.#take(1)), this.#top())
        return
      case op.LONG_BINPUT:
        this.#memo.set(this.#view.getUint32(this.#take(4), true), this.#top())
        return
      case op.MEMOIZE:
        this.#memo.set(this.#memo.size, this.#top())
        return
      case op.BINGET:
        this.#get(this.#view.getUint8(this.#take(1)))
        return
      case op.LONG_BINGET:
        this.#get(this.#view.getUint32(this.#take(4), true))
        return
      case op.GLOBAL:
        this.#global(this.#line(), this.#line())
        return
      case op.STACK_GLOBAL: {
        const name = this.#pop()
        this.#global(this.#pop(), name)
        return
      }
      case op.REDUCE:
        this.#reduce()
        return
      case op.BUILD:
        this.#build()
        return
      case op.BINPERSID:
        this.#count()
        stack.push(this.#vocabulary.persistent(this.#pop()))
        return
      default: {
        const known = refusedOpcodes[opcode] ?? `instruction 0x${opcode.toString(16).padStart(2, '0')}`
        throw this.#wrong(`${known}, is not among those that a state dict needs`)
      }
    }
  }

  #tuple(length: number): void {
    this.#count()
    const items: unknown[] = []
    for (let i = 0; i < length; i++) items.unshift(this.#pop())
    this.#stack.push(items)
  }

  #append(items: readonly unknown[]): void {
    const list = this.#top()
    if (!Array.isArray(list)) throw this.#wrong('items are added to what is no list')
    for (const item of items) list.push(item)
  }

  #setItems(items: readonly unknown[]): void {
    const dict = this.#top()
    if (!(dict instanceof PickledDict)) throw this.#wrong('items are set in what is no dict')
    if (items.length % 2 !== 0) throw this.#wrong('a key without a value')
    for (let i = 0; i < items.length; i += 2) {
      this.#count()
      dict.entries.push([items[i], items[i + 1]])
    }
  }

  #global(module: unknown, name: unknown): void {
    const full = `${String(module)}.${String(name)}`
    if (typeof module !== 'string' || typeof name !== 'string' || !this.#vocabulary.allows(full)) {
      throw this.#wrong(
        `it refers to ${quoted(full)}; only a state dict of plain tensors is read: torch.save(model.state_dict(), path)`
      )
    }
    this.#count()
    this.#stack.push(new PickledGlobal(full))
  }

  #reduce(): void {
    const args = this.#pop()
    const callee = this.#pop()
    if (!(callee instanceof PickledGlobal)) throw this.#wrong('a call of what is no name')
    if (!Array.isArray(args)) throw this.#wrong(`a call of ${callee.name} without a tuple of arguments`)
    this.#count()
    this.#stack.push(this.#vocabulary.make(callee.name, args))
  }

  /** Attributes of an OrderedDict: PyTorch keeps the versions of its modules there. Nothing needs them. */
  #build(): void {
    const state = this.#pop()
    if (!(this.#top() instanceof PickledDict) || !(state instanceof PickledDict)) {
      throw this.#wrong('attributes are set on what is no OrderedDict')
    }
  }

  #get(key: number): void {
    if (!this.#memo.has(key)) throw this.#wrong(`it gets memo ${key}, which was never put`)
    this.#stack.push(this.#memo.get(key))
  }

  #top(): unknown {
    const value = this.#stack.at(-1)
    if (this.#stack.length === 0 || value === MARK) throw this.#wrong('its stack is empty')
    return value
  }

  #pop(): unknown {
    const value = this.#top()
    this.#stack.pop()
    return value
  }

  #popToMark(): unknown[] {
    const mark = this.#marks.pop()
    if (mark === undefined) throw this.#wrong('no mark on its stack')
    const items = this.#stack.splice(mark)
    items.shift()
    return items
  }

  /** A little-endian two's complement number of `length` bytes. */
  #long(length: number): number {
    const start = this.#take(length)
    if (length > 8) throw this.#wrong(`a number of ${length} bytes`)
    let value = 0n
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#bytes[start + i])
    return Number(BigInt.asIntN(8 * length, value))
  }

  #text(length: number): string {
    const start = this.#take(length)
    try {
      return utf8.decode(this.#bytes.subarray(start, start + length))
    } catch {
      throw this.#wrong('a string that is not UTF-8')
    }
  }

  /** Up to the next line end. */
  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at)
    if (end < 0) throw this.#wrong('a name without an end')
    const text = this.#text(end - this.#at)
    this.#at = end + 1
    return text
  }

  #take(length: number): number {
    const start = this.#at
    if (start + length > this.#bytes.byteLength) throw this.#wrong('it is cut off')
    this.#at = start + length
    return start
  }

  #count(): void {
    this.#objects++
    if (this.#objects > MAX_OBJECTS) throw this.#wrong(`more than ${MAX_OBJECTS} objects`)
  }

  #wrong(reason: string): ReturnType<Fault> {
    return this.#fault(`data.pkl, byte ${this.#opcodeAt}: ${reason}`)
  }
}
